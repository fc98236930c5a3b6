"""Contours → voxels: a voxel belongs to a structure where its centre lies in an odd number of contours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fill_even_odd(contours: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the grid points ``(U, V)`` that lie in an odd number of closed contours.

    Exclusive-or of the contours: a contour inside another is a hole, and a keyhole's two coinciding edges cancel.
    A centre exactly on a left or lower edge is inside, on a right or upper edge outside, so that contours which
    share an edge share no voxel.

    Args:
        contours: each ``(N, 2)``, in grid coordinates: grid point (u, v) lies at exactly (u, v).
        shape: of the grid.

    Example:
        >>> square = np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]])
        >>> fill_even_odd([square], (4, 4)).sum()
        np.int64(4)
    """
    toggles = np.zeros((shape[0] + 1, shape[1]), dtype=np.int64)
    for contour in contours:
        line, crossing = _crossings(contour, shape[1])
        first = np.clip(np.ceil(crossing), 0, shape[0]).astype(np.int64)
        np.add.at(toggles, (first, line), 1)
    return (np.cumsum(toggles[:-1], axis=0) & 1).astype(bool)


def _crossings(contour: NDArray[np.float64], lines: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where a contour's edges cross the grid lines v = 0, 1, …: the line and u, one pair for each crossing.

    An edge covers v from its lower end up to and without its upper end. Its ends are ordered first, so that the same
    edge walked the other way crosses at bitwise the same u.
    """
    start, end = contour, np.roll(contour, -1, axis=0)
    swap = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    first = np.clip(np.ceil(low[:, 1]), 0, lines).astype(np.int64)
    last = np.clip(np.ceil(high[:, 1]), 0, lines).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(contour)), count)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    slope = (high[edge, 0] - low[edge, 0]) / (high[edge, 1] - low[edge, 1])
    return line, low[edge, 0] + (line - low[edge, 1]) * slope
