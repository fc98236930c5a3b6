"""Predict a part of the data and write it as an evaluation reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from numpy.typing import NDArray

from diascope.calibration.fit import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Case, Dataset
from diascope.core.documents.plan import Plan
from diascope.core.documents.predictions import Predictions, Split
from diascope.core.errors import InputError
from diascope.core.families import ANSWERS, TASKS
from diascope.core.image import Image
from diascope.predict.case import Predictor
from diascope.predict.network import load_members
from diascope.predict.output import file_name, mask_suffix, write_answers
from diascope.predict.reading import read_images, reference_channel
from diascope.transforms.prepare import Prepared

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Part:
    """What is predicted.

    Attributes:
        split: ``test``, ``validation`` or ``external``; fold: of the plan.
        groups: cases and the weights that predict them, averaged.
        calibrations: what was fitted for each group; empty where nothing was.
        training: cases that the weights have seen, for the baseline.
        refused: cases that are not predicted at all, and why.
    """

    split: Split
    fold: int | Literal["all"]
    groups: Sequence[tuple[Sequence[str], Sequence[Path]]]
    training: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    calibrations: Sequence[Calibration] = ()


def make_predictor(
    dataset: Dataset,
    plan: Plan,
    weights: Sequence[Path | None],
    *,
    mirror: Sequence[int] | None = None,
    calibration: Calibration | None = None,
) -> Predictor:
    """Return a predictor; ``mirror`` is the plan's if not given, None among the weights an untrained network."""
    target = dataset.targets[plan.target or ""]
    members = load_members(plan, target, weights, device=plan["machine.device"])
    axes = tuple(plan["predict.mirror"] if mirror is None else mirror)
    return Predictor(plan, target, members, axes, calibration or nothing_fitted())


def predict_part(folder: Path, dataset: Dataset, plan: Plan, part: Part, progress: Progress | None = None) -> None:
    """Write the answers for all cases, and ``index.json``; a case that cannot be used is refused by name."""
    folder.mkdir(exist_ok=True, parents=True)
    writer = _Writer(folder, dataset, plan)
    total, done = sum(len(ids) for ids, _ in part.groups), 0
    for (ids, weights), calibration in zip_longest(part.groups, part.calibrations):
        predictor = make_predictor(dataset, plan, weights, calibration=calibration)
        for first in range(0, len(ids), writer.together):
            some = ids[first : first + writer.together]
            writer.add(predictor, some)
            done += len(some)
            if progress:
                progress("predict", done, total, some[-1])
    if writer.small:
        outputs = TASKS.load(plan.task).head(dataset.targets[plan.target or ""]).outputs
        write_answers(folder, outputs, writer.small)
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
class Answers:
    """Small answers by case, why others were refused, and what was noted of each."""

    answers: dict[str, NDArray] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def predict_cases(dataset: Dataset, predictor: Predictor, ids: Sequence[str], *, as_evidence: bool = False) -> Answers:
    """Return the answers for cases, as many in memory and in a pass as have one size and a step of training has.

    ``as_evidence`` gives what is fitted on instead (``Predictor.evidence``).
    """
    predict = predictor.evidence if as_evidence else predictor.answer
    found, together = Answers(), cases_together(predictor.plan)
    for first in range(0, len(ids), together):
        _add_answers(found, dataset, predictor, ids[first : first + together], predict)
    return found


def cases_together(plan: Plan) -> int:
    """Return how many cases go through the network at once: one where images differ in size."""
    return int(plan["batch.size"]) if plan["preprocess.shape"] else 1


def _add_answers(
    found: Answers,
    dataset: Dataset,
    predictor: Predictor,
    ids: Sequence[str],
    predict: Callable[[list[Prepared]], list[NDArray]],
) -> None:
    cases, prepared = dataset.by_id(), {}
    for case_id in ids:
        try:
            prepared[case_id] = predictor.prepare(read_images(dataset, predictor.plan, cases[case_id]))
            found.notes[case_id] = prepared[case_id].notes
        except InputError as error:
            found.refused[case_id] = str(error).split("\n", 1)[0]
    if prepared:
        found.answers.update(zip(prepared, predict(list(prepared.values())), strict=True))


def write_answer(
    folder: Path, dataset: Dataset, case: Case, *, predictor: Predictor, images: dict[str, Image], prediction: NDArray
) -> str:
    """Write a case's answer in the format and with the header of its image, and return the file's name."""
    name = reference_channel(predictor.plan, images)
    source = Path(dataset.root) / case.images[name].path
    answer = ANSWERS.load(TASKS.load(predictor.plan.task).answer)
    file, write = file_name(case.id, mask_suffix(source, None, picture=answer.picture_suffix)), answer.write
    if write is None:
        raise ValueError("a small answer has no file of its own")
    write(folder / file, prediction, predictor.target, images[name].geometry, source if source.is_file() else None)
    return file


class _Writer:
    """Collects what was predicted.

    Attributes:
        together: cases in one pass.
    """

    def __init__(self, folder: Path, dataset: Dataset, plan: Plan) -> None:
        self.folder, self.dataset, self.plan = folder, dataset, plan
        self.cases = dataset.by_id()
        self.is_small = ANSWERS.load(TASKS.load(plan.task).answer).write is None
        self.together = cases_together(plan) if self.is_small else 1
        self.files: dict[str, str] = {}
        self.small: dict[str, NDArray] = {}
        self.refused: dict[str, str] = {}
        self.notes: dict[str, tuple[str, ...]] = {}

    def add(self, predictor: Predictor, ids: Sequence[str]) -> None:
        if self.is_small:
            found = predict_cases(self.dataset, predictor, ids)
            self.small |= found.answers
            self.refused |= found.refused
            self.notes |= found.notes
            return
        for case_id in ids:
            try:
                self._add_file(predictor, case_id)
            except InputError as error:
                self.refused[case_id] = str(error).split("\n", 1)[0]

    def _add_file(self, predictor: Predictor, case_id: str) -> None:
        case = self.cases[case_id]
        images = read_images(self.dataset, self.plan, case)
        prepared = predictor.prepare(images)
        (prediction,), self.notes[case_id] = predictor.answer([prepared]), prepared.notes
        self.files[case_id] = write_answer(
            self.folder, self.dataset, case, predictor=predictor, images=images, prediction=prediction
        )
