"""One case's reference, prediction and image, on one grid."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Source, Target
from diascope.core.documents.plan import Plan
from diascope.core.errors import InputError
from diascope.core.families import ANSWERS, KINDS
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image, label_array
from diascope.core.ports.task import CaseView, Task
from diascope.evaluate.evaluation import Evaluation
from diascope.io import read_header, read_image, read_labels
from diascope.predict.reading import reference_channel


class Answered(Protocol):
    """What has a run's answers: small ones by case, or the names of their files."""

    @property
    def run(self) -> Path:
        """Return the run's folder."""
        ...

    @property
    def task(self) -> Task:
        """Return the run's task."""
        ...

    @property
    def target(self) -> Target:
        """Return what was learned."""
        ...

    @property
    def small(self) -> Mapping[str, NDArray]:
        """Return case → answer, where all stand in one file."""
        ...

    @property
    def files(self) -> Mapping[str, str]:
        """Return case → file in ``predictions/``."""
        ...


PREDICTIONS = "predictions"
"""Folder of a run that holds its predictions."""

RESAMPLE_MASKS = "curate.resample_masks"
"""The plan's key that lets a mask on another grid be brought to the image's."""


def image_source(plan: Plan, case: Case) -> Source:
    """Return the source of the channel that gives the case's grid: the first of the plan's that it has.

    Raises:
        InputError: the case has none of them.
    """
    return case.images[reference_channel(plan, case.images)]


def read_grid(plan: Plan, root: Path, case: Case) -> Geometry:
    """Return the grid of the case's reference channel."""
    return read_header(root, image_source(plan, case)).geometry


def read_reference(target: Target, value: Any, root: Path, grid: Geometry | None, *, resample: bool) -> NDArray:
    """Return what ``Kind.encode`` makes of a target's value; a label map comes on ``grid``, which it then needs.

    Raises:
        InputError: the mask is missing, cannot be read, lies on another grid or holds unknown numbers.
    """
    kind = KINDS.load(target.kind)
    if not kind.is_map:
        return kind.encode(target, value)
    if not isinstance(value, Source) or grid is None:
        raise InputError("the case has no reference mask", fix="evaluate cases with a mask")
    image = read_labels(root, value, grid)
    if resample and not grid.is_same_grid(image.geometry):
        from diascope.transforms.regrid import resample_to

        image = resample_to(image, grid, labels=True)
    check_same_grid(grid, image.geometry, ("the image", "the mask"))
    return _encode_map(target, image, "the mask")


def _encode_map(target: Target, image: Image, what: str) -> NDArray:
    try:
        return KINDS.load(target.kind).encode(target, label_array(image))
    except InputError as error:
        error.add_note(what)
        raise


def read_answer(run: Answered, case_id: str, grid: Geometry | None) -> NDArray:
    """Return what a run has predicted for a case, as ``Task.score_case`` takes it.

    Raises:
        InputError: there is nothing, or it cannot be read or does not fit the image.
    """
    read = ANSWERS.load(run.task.answer).read
    there = run.small if read is None else run.files
    if case_id not in there:
        raise InputError(
            "the case has no prediction",
            expected="a file, or a line in answers.json",
            got="none",
            fix="predict it again",
        )
    if read is None:
        return run.small[case_id]
    if grid is None:
        raise InputError("the case has no grid to read its prediction on", fix="predict it again")
    return read(run.target, run.run / PREDICTIONS, run.files[case_id], grid)


def may_resample_masks(plan: Plan) -> bool:
    """Answer whether the plan lets a mask on another grid be brought to the image's."""
    return RESAMPLE_MASKS in plan.decisions and bool(plan[RESAMPLE_MASKS])


def read_view(evaluation: Evaluation, row: int) -> CaseView:
    """Return the picture material of one scored case.

    Raises:
        InputError: a file that could be read for the scores can no longer be.
    """
    case_id = evaluation.case_ids[row]
    case = evaluation.dataset.by_id()[case_id]
    image = read_image(evaluation.root, image_source(evaluation.plan, case))
    reference = read_reference(
        evaluation.target,
        case.targets.get(evaluation.target_name),
        evaluation.root,
        image.geometry,
        resample=may_resample_masks(evaluation.plan),
    )
    prediction = read_answer(evaluation, case_id, image.geometry)
    scored = {name: column[row] for name, column in evaluation.table.items()}
    headline = float(evaluation.headline[row])
    middle = image.frames[:, image.frames.shape[1] // 2]
    film = None if image.clip is None else (image.frames, image.clip)
    return CaseView(case_id, middle, reference, prediction, image.geometry, headline, scored=scored, film=film)
