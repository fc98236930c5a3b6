"""An answer: what a task says of one case, and how that is predicted, written and read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.geometry import Geometry
from diascope.core.image import Image


@dataclass(frozen=True)
class Answer:
    """One form of answer.

    Attributes:
        name: the plug-in's name.
        on_grid: it lies on the grid of the case's image, so that it needs one to be read and scored.
        predict: ``(predictor, prepared cases, progress) -> an array for each``: what ``Task.score_case`` takes. Several
            cases come together only where they are of one size.
        write: ``(path, array, target, geometry, like) -> None``, for an answer that is a file of its own on the image's
            grid, with the header of ``like``; None for a small one: all cases then stand in one JSON file.
        image: ``(array, target, geometry) -> image`` that a caller of the API gets; None: what is told.
        picture_suffix: of a file that answers a picture such as a PNG.
        evidence: as ``predict``, but giving what the task's fits see, where that is not the answer itself but what the
            answer is made of by what they fit.
        read: ``(target, folder, file name, geometry) -> array`` of such a file; raises InputError where it does not
            fit.
    """

    name: str
    on_grid: bool
    predict: Callable[[Any, Sequence[Any], Callable[[int, int], None]], list[NDArray]]
    write: Callable[[Path, NDArray, Target, Geometry, Path | None], None] | None = None
    read: Callable[[Target, Path, str, Geometry], NDArray] | None = None
    image: Callable[[NDArray, Target, Geometry], Image] | None = None
    picture_suffix: str = ".png"
    evidence: Callable[[Any, Sequence[Any], Callable[[int, int], None]], list[NDArray]] | None = None
    voxels: Callable[[NDArray, Target], NDArray] | None = None
