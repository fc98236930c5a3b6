"""A class for each voxel, as a label map on the image's own grid."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from numpy.typing import NDArray

from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import InputError
from diascope.core.families import KINDS, TASKS
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image, label_array
from diascope.core.ports.answer import Answer
from diascope.io import read_labels
from diascope.predict.case import Predictor
from diascope.predict.output import in_own_values, write_mask
from diascope.predict.stream import class_map
from diascope.transforms.prepare import Prepared
from diascope.transforms.trace import restore_labels


def _predict(predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]) -> list[NDArray]:
    """Return class indices ``(I, J[, K])`` on the grid of each case's reference channel."""
    return [_predict_one(predictor, case, progress) for case in prepared]


def _predict_one(predictor: Predictor, prepared: Prepared, progress: Callable[[int, int], None]) -> NDArray:
    plan, trace = predictor.plan, prepared.trace
    cropped = replace(
        trace, resampled=trace.cropped, final=trace.cropped, offset=(0,) * len(trace.final), separate_axis=None
    )
    grid = trace.final if trace.final != trace.resampled else trace.cropped
    labels = class_map(
        prepared.array,
        predictor.window,
        outputs=len(TASKS.load(plan.task).head(predictor.target).outputs),
        window=tuple(plan["predict.window"]),
        overlap=float(plan["predict.overlap"]),
        shape=grid,
        progress=progress,
    )
    return restore_labels(labels, trace if trace.final != trace.resampled else cropped)


def _write(path: Path, labels: NDArray, target: Target, geometry: Geometry, like: Path | None) -> None:
    write_mask(path, labels, target=target, geometry=geometry, like=like)


def _read(target: Target, folder: Path, name: str, geometry: Geometry) -> NDArray:
    """Return a written label map as class indices.

    Raises:
        InputError: the file cannot be read, lies on another grid or holds unknown numbers.
    """
    image = read_labels(folder, Source(path=name, as_film=geometry.film is not None), geometry)
    check_same_grid(geometry, image.geometry, ("the image", "the prediction"))
    try:
        return KINDS.load(target.kind).encode(target, label_array(image))
    except InputError as error:
        error.add_note("the prediction")
        raise


def _image(labels: NDArray, target: Target, geometry: Geometry) -> Image:
    return Image(in_own_values(labels, target)[None], geometry)


ANSWER = Answer("label_map", on_grid=True, predict=_predict, write=_write, read=_read, image=_image)
