"""One axis of an edge-aligned resize as bands of a small matrix, applied by BLAS.

Interpolation on a regular grid is separable and linear: along each axis the new samples are a matrix times the old
ones. The matrix is banded (the inverse B-spline filter decays by 0.27 a sample), so it is cut into blocks of output
rows, each with the few input rows that it needs.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
"""Output rows a block; chosen here: 48 to 96 are equally fast on 256 → 340, whole matrices are twice as slow."""

NEGLIGIBLE = 1e-7
"""Weights below this are dropped: less than a float32 image can tell."""


@dataclass(frozen=True, eq=False)
class Band:
    """Output rows ``start:stop`` as ``matrix (stop - start, last - first)`` times the input rows ``first:last``."""

    start: int
    stop: int
    first: int
    last: int
    matrix: NDArray[np.float32]


def positions(old: int, new: int) -> NDArray[np.float64]:
    """Return where the ``new`` samples lie between the ``old`` ones, edges aligned: ``(new,)`` in old indices.

    Example:
        >>> positions(4, 2)
        array([0.5, 2.5])
    """
    return (np.arange(new, dtype=np.float64) + 0.5) * (old / new) - 0.5


def nearest_index(old: int, new: int) -> NDArray[np.intp]:
    """Return the index of the nearest old sample for each new one; half-way goes up, as in ``scipy.ndimage.zoom``."""
    return np.clip(np.floor(positions(old, new) + 0.5), 0, old - 1).astype(np.intp)


def linear_pair(where: NDArray[np.float64], old: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return the old samples on both sides of each position and the second one's weight; edges are continued."""
    inside = np.clip(where, 0, old - 1)
    low = np.floor(inside).astype(np.intp)
    high = np.minimum(low + 1, old - 1)
    return low, high, (inside - low).astype(np.float32)


def linear_matrix(where: NDArray[np.float64], old: int) -> NDArray[np.float32]:
    """Return the matrix ``(len(where), old)`` of linear interpolation at any positions, edges continued."""
    low, high, weight = linear_pair(where, old)
    matrix = np.zeros((len(where), old), np.float32)
    rows = np.arange(len(where))
    matrix[rows, low] = 1 - weight
    matrix[rows, high] += weight
    return matrix


def spline_matrix(old: int, new: int) -> NDArray[np.float32]:
    """Return the matrix ``(new, old)`` of the cubic spline, prefilter and continued edges included.

    It is ``scipy.ndimage.zoom`` of the identity, so it is the same spline as scikit-image's and nnU-Net's.
    """
    from scipy.ndimage import zoom

    return np.asarray(zoom(np.eye(old), (new / old, 1), order=3, mode="nearest", grid_mode=True), np.float32)


def cut(matrix: NDArray[np.float32]) -> tuple[Band, ...]:
    """Return the matrix in blocks of rows, without the columns that no row of the block needs."""
    bands = []
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK]
        used = np.flatnonzero((np.abs(rows) > NEGLIGIBLE).any(axis=0))
        first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        bands.append(Band(start, start + len(rows), first, last, np.ascontiguousarray(rows[:, first:last])))
    return tuple(bands)


@lru_cache(maxsize=128)
def bands(old: int, new: int, order: int) -> tuple[Band, ...]:
    """Return the bands that resize ``old`` samples to ``new``; order 1 is linear, 3 the cubic spline."""
    return cut(spline_matrix(old, new) if order == 3 else linear_matrix(positions(old, new), old))


def apply_bands(parts: tuple[Band, ...], array: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Return the array ``(*shape)``, C-ordered float32, with one axis resampled; nothing larger is allocated."""
    shape = list(array.shape)
    shape[axis] = parts[-1].stop
    out = np.empty(shape, np.float32)
    if axis == array.ndim - 1:
        source, target = array.reshape(-1, array.shape[-1]), out.reshape(-1, shape[-1])
        for band in parts:
            np.matmul(source[:, band.first : band.last], band.matrix.T, out=target[:, band.start : band.stop])
        return out
    before = int(np.prod(shape[:axis]))
    source, target = array.reshape(before, array.shape[axis], -1), out.reshape(before, shape[axis], -1)
    for band in parts:
        np.matmul(band.matrix, source[:, band.first : band.last], out=target[:, band.start : band.stop])
    return out
