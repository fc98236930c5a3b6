"""How unlike the learned cases each voxel is, as a map of numbers on the image's own grid."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import InputError
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image
from diascope.core.ports.answer import Answer
from diascope.io import read_image, write_image
from diascope.predict.case import Predictor
from diascope.transforms.prepare import Prepared
from diascope.transforms.trace import restore_map


def _predict(
    predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]
) -> list[NDArray[np.float32]]:
    """Return ``(I, J[, K])`` on the grid of each case's reference channel; 0 where the image was cut off."""
    maps = predictor.window(np.stack([case.array for case in prepared]))
    found = [restore_map(one, case.trace)[0] for one, case in zip(maps, prepared, strict=True)]
    progress(len(found), len(found))
    return found


def _image(deviation: NDArray, target: Target, geometry: Geometry) -> Image:
    return Image(np.asarray(deviation, np.float32)[None], geometry)


def _write(path: Path, deviation: NDArray, target: Target, geometry: Geometry, like: Path | None) -> None:
    write_image(path, _image(deviation, target, geometry), like)


def _read(target: Target, folder: Path, name: str, geometry: Geometry) -> NDArray[np.float32]:
    """Return a written map.

    Raises:
        InputError: the file cannot be read, lies on another grid or holds numbers below 0 or none at all.
    """
    image = read_image(folder, Source(path=name))
    check_same_grid(geometry, image.geometry, ("the image", "the map"))
    deviation = np.asarray(image.array[0], np.float32)
    if not np.isfinite(deviation).all() or deviation.min() < 0:
        raise InputError("the map holds impossible numbers", expected="finite numbers from 0", fix="predict it again")
    return deviation


ANSWER = Answer(
    "score_map", on_grid=True, predict=_predict, write=_write, read=_read, image=_image, picture_suffix=".tif"
)
"""Pictures get TIFF files: PNG holds no fractions."""
