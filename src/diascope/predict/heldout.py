"""Predict a part of the data and write it as an evaluation reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.plan import Plan
from diascope.core.errors import InputError
from diascope.core.families import TASKS
from diascope.predict.case import Predictor
from diascope.predict.network import load_members
from diascope.predict.output import file_name, mask_suffix, write_index, write_logits, write_mask
from diascope.predict.reading import read_images, reference_image

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Part:
    """What is predicted.

    Attributes:
        split: ``test``, ``validation`` or ``external``; fold: of the plan.
        groups: cases and the weights that predict them, averaged.
        training: cases that the weights have seen, for the baseline.
    """

    split: str
    fold: int | str
    groups: Sequence[tuple[Sequence[str], Sequence[Path]]]
    training: Sequence[str]


def make_predictor(
    dataset: Dataset, plan: Plan, weights: Sequence[Path | None], *, mirror: Sequence[int] | None = None
) -> Predictor:
    """Return a predictor; ``mirror`` is the plan's if not given, None among the weights an untrained network."""
    target = dataset.targets[plan.target or ""]
    members = load_members(plan, target, weights, device=plan["machine.device"])
    return Predictor(plan, target, members, tuple(plan["predict.mirror"] if mirror is None else mirror))


def predict_part(folder: Path, dataset: Dataset, plan: Plan, part: Part, progress: Progress | None = None) -> None:
    """Write label maps or logits of all cases, and ``index.json``; a case that cannot be used is refused by name."""
    folder.mkdir(exist_ok=True, parents=True)
    writer = _Writer(folder, dataset, plan)
    total, done = sum(len(ids) for ids, _ in part.groups), 0
    for ids, weights in part.groups:
        predictor = make_predictor(dataset, plan, weights)
        for case_id in ids:
            writer.add(predictor, case_id)
            done += 1
            if progress:
                progress("predict", done, total, case_id)
    if writer.logits:
        outputs = TASKS.load(plan.task).head(dataset.targets[plan.target or ""]).outputs
        write_logits(folder, outputs, writer.logits)
    write_index(
        folder,
        split=part.split,
        fold=part.fold,
        cases=[i for ids, _ in part.groups for i in ids if i not in writer.refused],
        training=list(part.training),
        files=writer.files,
        refused=writer.refused,
    )


class _Writer:
    """Collects what was predicted."""

    def __init__(self, folder: Path, dataset: Dataset, plan: Plan) -> None:
        self.folder, self.dataset, self.plan = folder, dataset, plan
        self.cases = dataset.by_id()
        self.files: dict[str, str] = {}
        self.logits: dict[str, NDArray] = {}
        self.refused: dict[str, str] = {}

    def add(self, predictor: Predictor, case_id: str) -> None:
        try:
            self._add(predictor, case_id)
        except InputError as error:
            self.refused[case_id] = str(error).split("\n", 1)[0]

    def _add(self, predictor: Predictor, case_id: str) -> None:
        case, plan = self.cases[case_id], self.plan
        images = read_images(self.dataset, plan, case)
        prediction = predictor.predict(images)
        if not TASKS.load(plan.task).dense:
            self.logits[case_id] = prediction
            return
        name = next(n for n in plan["preprocess.channels"] if n in images)
        source = Path(self.dataset.root) / case.images[name].path
        self.files[case_id] = file_name(case_id, mask_suffix(source, None))
        write_mask(
            self.folder / self.files[case_id],
            prediction,
            target=predictor.target,
            geometry=reference_image(plan, images).geometry,
            like=source if source.is_file() else None,
        )
