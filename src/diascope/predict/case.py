"""One case → its prediction, in the form that its task answers in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.fit import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Plan
from diascope.core.families import ANSWERS, KINDS, TASKS
from diascope.core.image import Image
from diascope.core.ports.engine import Runner
from diascope.core.ports.kind import Kind
from diascope.predict.network import probabilities
from diascope.transforms.prepare import Prepared, Recipe, prepare

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Predictor:
    """Trained members of one plan, ready for cases.

    Attributes:
        members: their runners; predictions are averaged before decoding.
        mirror: axes of the network's grid along which images are also predicted mirrored.
        calibration: what was fitted, for answers that need it to be made.
    """

    plan: Plan
    target: Target
    members: Sequence[Runner]
    mirror: Sequence[int] = ()
    calibration: Calibration = field(default_factory=nothing_fitted)

    @property
    def kind(self) -> Kind:
        """Return the kind of what was learned."""
        return KINDS.load(self.target.kind)

    def prepare(self, images: Mapping[str, Image]) -> Prepared:
        """Return a case as the network sees it."""
        return prepare(images, Recipe.from_plan(self.plan.under("preprocess")))

    def predict(self, images: Mapping[str, Image], progress: Progress = lambda done, total: None) -> NDArray:
        """Return what the task's answer says of a case, such as a label map on the reference channel's grid.

        Raises:
            InputError: as ``transforms.prepare``.
        """
        return self.answer([self.prepare(images)], progress)[0]

    def answer(self, prepared: Sequence[Prepared], progress: Progress = lambda done, total: None) -> list[NDArray]:
        """Return what ``predict`` gives for cases that are already prepared; several only if they are of one size."""
        return ANSWERS.load(TASKS.load(self.plan.task).answer).predict(self, prepared, progress)

    def evidence(self, prepared: Sequence[Prepared]) -> list[NDArray]:
        """Return what the task's fits see of cases, before anything is fitted."""
        form = ANSWERS.load(TASKS.load(self.plan.task).answer)
        return (form.evidence or form.predict)(self, prepared, lambda done, total: None)

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean logits ``(B, O)`` over members and mirrored images."""
        flips = self._flips()
        total = sum(member(np.flip(batch, f)) for member in self.members for f in flips)
        return np.asarray(total / (len(self.members) * len(flips)), np.float32)

    def window(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return mean probabilities ``(B, O, *window)`` over members and mirrored images."""
        head = TASKS.load(self.plan.task).head(self.target)
        flips = self._flips()
        total: NDArray[np.float32] | None = None
        for member in self.members:
            for flip in flips:
                values = np.flip(probabilities(member(np.flip(batch, flip)), head), flip)
                total = values.copy() if total is None and flip else (values if total is None else total + values)
        count = len(self.members) * len(flips)
        if total is None:
            raise ValueError("a predictor needs a member")
        return total if count == 1 else np.divide(total, count, out=total)

    def _flips(self) -> list[tuple[int, ...]]:
        """Return the array axes of every combination of mirrored axes, the unmirrored image first."""
        return [tuple(2 + a for a, on in zip(self.mirror, bits, strict=True) if on) for bits in self._bits()]

    def _bits(self) -> list[tuple[bool, ...]]:
        return list(product((False, True), repeat=len(self.mirror)))
