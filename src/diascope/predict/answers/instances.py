"""A number for each object, as an instance map on the image's own grid."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.instances import Thresholds, separate
from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import InputError
from diascope.core.families import TASKS
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image, label_array
from diascope.core.ports.answer import Answer
from diascope.io import read_labels, write_image
from diascope.predict.case import Predictor
from diascope.predict.stream import value_maps
from diascope.transforms.prepare import Prepared
from diascope.transforms.trace import restore_map


def _predict(predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]) -> list[NDArray]:
    """Return the instance map ``(I, J[, K])`` int32 of each case on its reference channel's grid."""
    thresholds = Thresholds.of(predictor.calibration)
    return [separate(maps, thresholds) for maps in _evidence(predictor, prepared, progress)]


def _evidence(
    predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]
) -> list[NDArray]:
    """Return the maps ``(3, I, J[, K])`` that thresholds are fitted on."""
    return [_maps(predictor, case, progress) for case in prepared]


def _maps(predictor: Predictor, prepared: Prepared, progress: Callable[[int, int], None]) -> NDArray[np.uint8]:
    """Return the network's maps on the original grid, 0 outside of what it saw."""
    plan, trace = predictor.plan, prepared.trace
    is_windowed = trace.final != trace.resampled
    maps = value_maps(
        prepared.array,
        predictor.window,
        outputs=len(TASKS.load(plan.task).head(predictor.target).outputs),
        window=tuple(plan["predict.window"]),
        overlap=float(plan["predict.overlap"]),
        shape=trace.final if is_windowed else trace.cropped,
        progress=progress,
    )
    if not is_windowed:
        start = (0,) * len(trace.final)
        trace = replace(trace, resampled=trace.cropped, final=trace.cropped, offset=start, separate_axis=None)
    return np.stack([np.rint(restore_map(one[None], trace)[0]).astype(np.uint8) for one in maps])


def _write(path: Path, instances: NDArray, target: Target, geometry: Geometry, like: Path | None) -> None:
    """Write the numbers as they are.

    Raises:
        InputError: the format cannot hold as many objects.
    """
    write_image(path, _image(instances, target, geometry), like)


def _voxels(instances: NDArray, target: Target) -> NDArray:
    """Return the numbers as uint16 where it holds them all."""
    kind = np.uint16 if int(instances.max(initial=0)) <= np.iinfo(np.uint16).max else np.int32
    return instances.astype(kind)


def _image(instances: NDArray, target: Target, geometry: Geometry) -> Image:
    return Image(_voxels(instances, target)[None], geometry)


def _read(target: Target, folder: Path, name: str, geometry: Geometry) -> NDArray[np.int32]:
    """Return a written instance map.

    Raises:
        InputError: the file cannot be read, lies on another grid or holds negative numbers.
    """
    image = read_labels(folder, Source(path=name), geometry)
    check_same_grid(geometry, image.geometry, ("the image", "the prediction"))
    labels = label_array(image)
    if labels.size and labels.min() < 0:
        raise InputError(f"{name} numbers objects below 0", expected="0 and more", got=int(labels.min()))
    return labels.astype(np.int32)


ANSWER = Answer("instances", on_grid=True, predict=_predict, write=_write, read=_read, evidence=_evidence, image=_image)
