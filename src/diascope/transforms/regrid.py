"""Bring an image to another grid in patient space, oblique ones too."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry, check_same_frames
from diascope.core.image import Image, label_array
from diascope.transforms.axis import apply_bands, cut, linear_matrix
from diascope.transforms.labels import label_taker, sample_labels

ALIGNED = 1e-4
"""An axis whose direction deviates by less (in old voxels for each new one) counts as parallel; 0.05 voxels in 512."""

SLAB_VOXELS = 500_000
"""Voxels of an oblique label map that are worked on together (chosen here, bounds memory)."""


def resample_to(image: Image, geometry: Geometry, *, labels: bool) -> Image:
    """Return the image on another grid, by linear interpolation in patient space.

    Labels take the class with the largest linear weight. More than half a voxel outside the old grid a label map is
    0 and a channel has its minimum. Where either grid has no millimetres both are taken to span the same extent.

    Raises:
        GeometryError: one grid has two axes and the other three, films differ in frames, or a label map is none.
    """
    if image.geometry.ndim != geometry.ndim:
        raise GeometryError(
            "a 2-D and a 3-D grid do not fit together", expected=geometry.describe(), got=image.geometry.describe()
        )
    check_same_frames(geometry, image.geometry, ("the grid", "the image"))
    matrix, offset = _map(image.geometry, geometry)
    order = [int(a) for a in np.abs(matrix).argmax(axis=1)]  # old axis → the new axis that runs along it
    shape = geometry.shape
    is_aligned = sorted(order) == list(range(len(order))) and bool(
        (np.abs(np.where(np.arange(len(order)) == np.array(order)[:, None], 0, matrix)) < ALIGNED).all()
    )
    if is_aligned:
        old_axis = [order.index(axis) for axis in range(len(order))]
        where = [np.arange(n) * matrix[a, k] + offset[a] for k, (n, a) in enumerate(zip(shape, old_axis, strict=True))]
        source = image.array.transpose(0, *(a + 1 for a in old_axis))
        array = _labels_along(image, old_axis, where) if labels else _image_along(source, where)
    else:
        array = _labels_across(image, matrix, offset, shape) if labels else _image_across(image, matrix, offset, shape)
    return replace(image, array=array, geometry=geometry)


def _map(old: Geometry, new: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrix and offset that take a voxel index of the new grid to one of the old grid."""
    n = old.ndim
    if old.has_spacing and new.has_spacing:
        whole = np.linalg.inv(old.affine) @ new.affine
        return whole[:n, :n], whole[:n, 3]
    ratio = np.array(old.shape) / np.array(new.shape)
    return np.diag(ratio), 0.5 * ratio - 0.5


def _is_outside(where: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    return (where < -0.5 - ALIGNED) | (where > size - 0.5 + ALIGNED)


def _image_along(source: NDArray, where: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    out = np.empty((len(source), *map(len, where)), np.float32)
    for channel, values in enumerate(source):
        array = np.ascontiguousarray(values, np.float32)
        lowest = array.min()
        for axis in sorted(range(array.ndim), key=lambda a: len(where[a]) / values.shape[a]):
            array = apply_bands(cut(linear_matrix(where[axis], array.shape[axis])), array, axis)
        out[channel] = array
        _fill_outside(out[channel], values.shape, where, lowest)
    return out


def _labels_along(image: Image, old_axis: list[int], where: list[NDArray[np.float64]]) -> NDArray:
    labels = np.ascontiguousarray(label_array(image).transpose(old_axis))
    out = sample_labels(labels, where)
    _fill_outside(out, labels.shape, where, 0)
    return out[None]


def _fill_outside(array: NDArray, old: tuple[int, ...], where: list[NDArray[np.float64]], value: float) -> None:
    for axis, positions in enumerate(where):
        outside = _is_outside(positions, old[axis])
        if outside.any():
            np.moveaxis(array, axis, 0)[outside] = value


def _image_across(
    image: Image, matrix: NDArray[np.float64], offset: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    from scipy.ndimage import affine_transform

    out = np.empty((image.channels, *shape), np.float32)
    for channel, values in enumerate(image.array):
        source = np.ascontiguousarray(values, np.float32)
        affine_transform(source, matrix, cast(Any, offset), shape, output=out[channel], order=1, mode="nearest")
    for start, stop, where in _slabs(matrix, offset, shape):
        outside = np.any([_is_outside(w, n) for w, n in zip(where, image.geometry.shape, strict=True)], axis=0)
        for channel, values in enumerate(image.array):
            out[channel, start:stop][outside] = values.min()
    return out


def _labels_across(
    image: Image, matrix: NDArray[np.float64], offset: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray:
    labels = np.ascontiguousarray(label_array(image))
    take = label_taker(labels)
    out = np.empty(shape, labels.dtype)
    for start, stop, where in _slabs(matrix, offset, shape):
        part = take(where)
        part[np.any([_is_outside(w, n) for w, n in zip(where, labels.shape, strict=True)], axis=0)] = 0
        out[start:stop] = part
    return out[None]


def _slabs(
    matrix: NDArray[np.float64], offset: NDArray[np.float64], shape: tuple[int, ...]
) -> Iterator[tuple[int, int, list[NDArray[np.float64]]]]:
    """Yield first and last row and, for each old axis, where the rows' voxels ``(rows, ...)`` lie along it."""
    rows = max(1, SLAB_VOXELS // max(1, int(np.prod(shape[1:]))))
    for start in range(0, shape[0], rows):
        stop = min(start + rows, shape[0])
        index = np.ogrid[(slice(start, stop), *(slice(0, n) for n in shape[1:]))]
        lines = zip(matrix, offset, strict=True)
        yield start, stop, [sum(m * i for m, i in zip(line, index, strict=True)) + o for line, o in lines]
