"""Predict a part of the data and write it as an evaluation reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset
from diascope.core.documents.plan import Plan
from diascope.core.documents.predictions import Predictions, Split
from diascope.core.errors import InputError
from diascope.core.families import TASKS
from diascope.core.image import Image
from diascope.predict.case import Predictor
from diascope.predict.network import load_members
from diascope.predict.output import file_name, mask_suffix, write_logits, write_mask
from diascope.predict.reading import read_images, reference_channel

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Part:
    """What is predicted.

    Attributes:
        split: ``test``, ``validation`` or ``external``; fold: of the plan.
        groups: cases and the weights that predict them, averaged.
        training: cases that the weights have seen, for the baseline.
        refused: cases that are not predicted at all, and why.
    """

    split: Split
    fold: int | Literal["all"]
    groups: Sequence[tuple[Sequence[str], Sequence[Path]]]
    training: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)


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
        for first in range(0, len(ids), writer.together):
            some = ids[first : first + writer.together]
            writer.add(predictor, some)
            done += len(some)
            if progress:
                progress("predict", done, total, some[-1])
    if writer.logits:
        outputs = TASKS.load(plan.task).head(dataset.targets[plan.target or ""]).outputs
        write_logits(folder, outputs, writer.logits)
    Predictions(
        split=part.split,
        fold=part.fold,
        cases=tuple(i for ids, _ in part.groups for i in ids if i not in writer.refused),
        training=tuple(part.training),
        files=writer.files,
        refused={**part.refused, **writer.refused},
        notes={case_id: some for case_id, some in writer.notes.items() if some},
    ).save(folder / "index.json")


@dataclass(frozen=True)
class Vectors:
    """Logits ``(O,)`` by case, why others were refused, and what was noted of each."""

    logits: dict[str, NDArray] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def predict_vectors(dataset: Dataset, predictor: Predictor, ids: Sequence[str]) -> Vectors:
    """Return the answers for cases of one fixed size, as many in memory and in a pass as a step of training has."""
    found, together = Vectors(), int(predictor.plan["batch.size"])
    for first in range(0, len(ids), together):
        _add_vectors(found, dataset, predictor, ids[first : first + together])
    return found


def _add_vectors(found: Vectors, dataset: Dataset, predictor: Predictor, ids: Sequence[str]) -> None:
    cases, arrays = dataset.by_id(), {}
    for case_id in ids:
        try:
            prepared = predictor.prepare(read_images(dataset, predictor.plan, cases[case_id]))
            arrays[case_id], found.notes[case_id] = prepared.array, prepared.notes
        except InputError as error:
            found.refused[case_id] = str(error).split("\n", 1)[0]
    if arrays:
        found.logits.update(zip(arrays, predictor.logits(np.stack(list(arrays.values()))), strict=True))


def write_map(
    folder: Path, dataset: Dataset, case: Case, *, predictor: Predictor, images: dict[str, Image], prediction: NDArray
) -> str:
    """Write a case's label map in the format and with the header of its image, and return the file's name."""
    name = reference_channel(predictor.plan, images)
    source = Path(dataset.root) / case.images[name].path
    file = file_name(case.id, mask_suffix(source, None))
    write_mask(
        folder / file,
        prediction,
        target=predictor.target,
        geometry=images[name].geometry,
        like=source if source.is_file() else None,
    )
    return file


class _Writer:
    """Collects what was predicted.

    Attributes:
        together: cases in one pass: one for a dense task, whose images differ in size, else as many as in a step.
    """

    def __init__(self, folder: Path, dataset: Dataset, plan: Plan) -> None:
        self.folder, self.dataset, self.plan = folder, dataset, plan
        self.cases = dataset.by_id()
        self.is_dense = TASKS.load(plan.task).dense
        self.together = 1 if self.is_dense else int(plan["batch.size"])
        self.files: dict[str, str] = {}
        self.logits: dict[str, NDArray] = {}
        self.refused: dict[str, str] = {}
        self.notes: dict[str, tuple[str, ...]] = {}

    def add(self, predictor: Predictor, ids: Sequence[str]) -> None:
        if not self.is_dense:
            found = predict_vectors(self.dataset, predictor, ids)
            self.logits |= found.logits
            self.refused |= found.refused
            self.notes |= found.notes
            return
        for case_id in ids:
            try:
                self._add_map(predictor, case_id)
            except InputError as error:
                self.refused[case_id] = str(error).split("\n", 1)[0]

    def _add_map(self, predictor: Predictor, case_id: str) -> None:
        case = self.cases[case_id]
        images = read_images(self.dataset, self.plan, case)
        prepared = predictor.prepare(images)
        prediction, self.notes[case_id] = predictor.answer(prepared), prepared.notes
        self.files[case_id] = write_map(
            self.folder, self.dataset, case, predictor=predictor, images=images, prediction=prediction
        )
