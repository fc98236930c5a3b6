"""Long and short axis of a region in the plane that it was acquired in, as RECIST 1.1 measures lesions."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.measures._slice_axis import slice_axis

SAME_LENGTH = 1e-9
"""Two diagonals are one length up to this part of it (rounding): the first of them is taken."""


class RecistAxes(NamedTuple):
    """The two diameters of a region.

    Attributes:
        long_mm: longest diameter in any slice.
        short_mm: longest diameter perpendicular to it in the same slice.
        slice_number: of that slice along ``axis``; -1 where the mask is empty.
        axis: the array's axis that runs through the slices; -1 for a 2-D mask.
        long_ends, short_ends: their end points ``(2, 2)`` in voxels along the slice's two axes; voxel centres are whole
            numbers.
    """

    long_mm: float
    short_mm: float
    slice_number: int
    axis: int
    long_ends: NDArray[np.float64]
    short_ends: NDArray[np.float64]


def recist_axes(mask: NDArray[np.bool_], spacing_mm: tuple[float, ...], *, axis: int | None = None) -> RecistAxes:
    """Return the longest diameter of a region in its slices, and the longest one perpendicular to it.

    The outline runs midway between the voxels inside and outside, as that of marching cubes does: a single voxel is one
    voxel long. Steps of the outline make the longest of all diameters too long rather than too short: by .75 voxels
    (standard deviation .1) on discs, .25 (.25) on ellipses with an axis ratio of 2 (100 of each, radii 8 to 14). A
    diameter joins two points of one connected part of a slice (diagonal neighbours count) and may leave a region that
    is not convex, as a caliper on its outline would.

    Args:
        mask: ``(I, J[, K])``.
        spacing_mm: edges of a voxel.
        axis: the one that runs through the slices; if not given, as ``slice_axis`` finds it.

    Returns:
        The axes; both are nan where the mask is empty.

    Source:
        Eisenhauer et al. 2009 (RECIST 1.1), Eur J Cancer 45:228-247, section 4: longest diameter in the plane of
        measurement, which for CT is the axial one; short axis of lymph nodes.
    """
    nothing = np.full((2, 2), np.nan)
    best = RecistAxes(np.nan, np.nan, -1, -1, nothing, nothing)
    if mask.ndim == 3 and axis is None:
        first, second, third = spacing_mm
        axis = slice_axis((first, second, third))
    for number, part in _parts(mask, axis):
        edges = tuple(s for a, s in enumerate(spacing_mm) if mask.ndim == 2 or a != axis)
        hull = _hull(part) * edges
        if best.slice_number >= 0 and np.linalg.norm(np.ptp(hull, axis=0)) <= best.long_mm:
            continue  # the box around it is shorter than what was found
        long_mm, ends = _longest(hull)
        if best.slice_number < 0 or long_mm > best.long_mm * (1 + SAME_LENGTH):
            short_mm, across = _across(hull, ends)
            where = -1 if axis is None or mask.ndim == 2 else axis
            best = RecistAxes(long_mm, short_mm, number, where, ends / edges, across / edges)
    return best


def _parts(mask: NDArray[np.bool_], axis: int | None) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield the slice's number and the voxels ``(N, 2)`` of each connected part of each slice."""
    from scipy.ndimage import find_objects, label

    slices = mask[None] if mask.ndim == 2 else np.moveaxis(mask, axis or 0, 0)
    for number in np.flatnonzero(slices.any(axis=(1, 2))):
        labels, _ = label(slices[number], np.ones((3, 3)))  # type: ignore[misc]
        for n, box in enumerate(find_objects(labels), start=1):
            yield int(number), np.argwhere(labels[box] == n) + [s.start for s in box]


def _hull(voxels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the corners ``(N, 2)``, in order, of the convex hull of the midpoints of the voxels' edges."""
    from scipy.spatial import ConvexHull

    first, last = {}, {}
    for i, j in voxels:  # of a row only its ends can lie on the hull
        first[i], last[i] = min(first.get(i, j), j), max(last.get(i, j), j)
    ends = np.array([(i, j) for side in (first, last) for i, j in side.items()], np.float64)
    steps = np.array([(0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5)])
    points = (ends[:, None] + steps).reshape(-1, 2)
    return points[ConvexHull(points).vertices]


def _longest(hull: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the largest distance between two corners, and the two."""
    distance = np.linalg.norm(hull[:, None] - hull[None], axis=-1)
    longest = distance.max()
    a, b = np.argwhere(distance >= longest * (1 - SAME_LENGTH))[0]
    return float(longest), hull[[a, b]]


def _across(hull: NDArray[np.float64], ends: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the longest chord of the hull perpendicular to a line, and its ends.

    The chord's length is concave along the line and bends at the corners only, so one of them holds the longest.
    """
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    normal = np.array([-along[1], along[0]])
    x, y = hull @ along, hull @ normal
    best = (0.0, ends)
    for where in x:
        cuts = [y[x == where].min(), y[x == where].max()]
        for n in range(len(hull)):
            m = (n + 1) % len(hull)
            if (x[n] - where) * (x[m] - where) < 0:
                cuts.append(y[n] + (y[m] - y[n]) * (where - x[n]) / (x[m] - x[n]))
        length = max(cuts) - min(cuts)
        if length > best[0]:
            chord = np.array([where * along + cut * normal for cut in (min(cuts), max(cuts))])
            best = (float(length), chord)
    return best
