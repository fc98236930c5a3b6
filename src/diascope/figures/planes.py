"""Which planes of an image are shown, and the way round in which a radiologist expects them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry

_DETAIL_SHARE, _DETAIL_VOXELS = 0.3, 48
"""Chosen here: where the foreground spans less than this share of a plane both ways, the part around it is shown,
with as much again on each side and no fewer pixels than this, so that a small lesion can be seen at all."""

_FEW_SLICES = 5
"""Chosen here: a plane across fewer slices than this is a line that shows nothing, and is left away."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane, ready to be drawn with its first row at the top.

    Attributes:
        title: such as ``axial, 23 of 51``.
        image: ``(R, Q)`` grey or ``(R, Q, 3)`` colour.
        labels: label maps ``(R, Q)``, in the order in which they were given.
        size: height and width of a pixel, mm or pixels.
        sides: letters at the left, right and upper side (R, L, A, P, S); None where the direction is unknown.
    """

    title: str
    image: NDArray
    labels: tuple[NDArray, ...]
    size: tuple[float, float]
    sides: tuple[str, str, str] | None


_VIEWS = {
    2: ("axial", (1, 0), (False, False), ("R", "L", "A")),
    1: ("coronal", (2, 0), (True, False), ("R", "L", "S")),
    0: ("sagittal", (2, 1), (True, False), ("A", "P", "S")),
}
"""Axis of an LPS array that is cut → name, axes of rows and columns, whether each runs backwards, letters of the sides.
The radiological convention: the patient's right is at the viewer's left, anterior or superior is at the top."""


def cut_planes(image: NDArray, labels: Sequence[NDArray], geometry: Geometry) -> list[Plane]:
    """Return the planes of a case: the picture itself in 2-D, three orthogonal planes in 3-D.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown, and all three of a 2-D colour picture.
        labels: label maps ``(I, J[, K])``; planes pass through where they together have the most foreground, else
            through the middle.
        geometry: of the grid. Where its spacing is unknown, so is the direction: a 2-D picture has its rows as I, and a
            volume is shown along its own axes without letters. Planes across very few slices are left away.
    """
    if geometry.ndim == 2 and not geometry.has_spacing:
        colour = image.shape[0] == 3
        picture = np.moveaxis(image, 0, -1) if colour else image[0]
        return [_around_foreground(Plane("", picture, tuple(labels), (geometry.steps[0], geometry.steps[1]), None))]
    arrays = [image[0], *labels]
    if geometry.ndim == 2:
        arrays = [a[:, :, None] for a in arrays]
    arrays, steps = _to_lps(arrays, geometry)
    axes = [_axis_of_slice(geometry)] if geometry.ndim == 2 else [2, 1, 0]
    planes = [_cut(arrays, axis, steps, known=geometry.has_spacing) for axis in axes]
    worth = [p for p in planes if min(p.image.shape[:2]) >= _FEW_SLICES] or planes[:1]
    return [_around_foreground(plane) for plane in worth]


def _to_lps(arrays: Sequence[NDArray], geometry: Geometry) -> tuple[list[NDArray], tuple[float, ...]]:
    """Return the volumes with axes nearest to left, posterior and superior, and the voxel's edges along them."""
    from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform

    steps = np.linalg.norm(geometry.affine[:3, :3], axis=0)
    if not geometry.has_spacing:
        return list(arrays), tuple(map(float, steps))
    turn = ornt_transform(io_orientation(geometry.affine), axcodes2ornt(("L", "P", "S")))
    turned = np.empty(3)
    turned[turn[:, 0].astype(int)] = steps
    return [apply_orientation(a, turn) for a in arrays], tuple(map(float, turned))


def _axis_of_slice(geometry: Geometry) -> int:
    """Return the LPS axis along which a 2-D image's normal lies."""
    from nibabel.orientations import io_orientation

    return int(io_orientation(geometry.affine)[2, 0])


def _cut(arrays: Sequence[NDArray], axis: int, steps: tuple[float, ...], *, known: bool) -> Plane:
    volume, *labels = arrays
    others = tuple(a for a in range(3) if a != axis)
    foreground = sum((np.count_nonzero(label, axis=others) for label in labels), np.zeros(volume.shape[axis], int))
    index = int(foreground.argmax()) if foreground.any() else volume.shape[axis] // 2
    name, (rows, columns), backwards, sides = _VIEWS[axis]
    if not known:
        rows, columns = others  # frames of a film or slices without a position: rows stay rows

    def show(array: NDArray) -> NDArray:
        plane = np.take(array, index, axis=axis)
        plane = plane if rows < columns else plane.T
        flips = tuple(place for place, back in enumerate(backwards) if back)
        return np.flip(plane, flips) if known else plane

    title = name if known else f"across axis {axis + 1}"
    if volume.shape[axis] > 1:
        title += f", {index + 1} of {volume.shape[axis]}"
    return Plane(title, show(volume), tuple(map(show, labels)), (steps[rows], steps[columns]), sides if known else None)


def _around_foreground(plane: Plane) -> Plane:
    """Return the part around a small foreground, else the whole plane."""
    shape = plane.image.shape[:2]
    mask = np.zeros(shape, bool)
    for label in plane.labels:
        mask |= label != 0
    if not mask.any():
        return plane
    windows = []
    for axis in (0, 1):
        where = np.flatnonzero(mask.any(axis=1 - axis))
        extent = where[-1] - where[0] + 1
        if extent > _DETAIL_SHARE * shape[axis]:
            return plane
        half = max(extent * 1.5, _DETAIL_VOXELS / 2, 0.15 * shape[axis])
        middle = (where[0] + where[-1] + 1) / 2
        windows.append(slice(max(0, int(middle - half)), min(shape[axis], int(np.ceil(middle + half)))))
    box = tuple(windows)
    labels = tuple(label[box] for label in plane.labels)
    title = f"{plane.title}, detail" if plane.title else "detail"
    return Plane(title, plane.image[box], labels, plane.size, plane.sides)
