"""Voxels and their neighbours, taken as views or sums over whole arrays."""

import numpy as np
from numpy.typing import NDArray

from diascope.measures._ibsi_matrices import OFFSETS_2D, OFFSETS_3D

Offset = tuple[int, int, int]


def pairs(array: NDArray, offset: Offset) -> tuple[NDArray, NDArray]:
    """Return views of all voxels that have a neighbour at an offset of -1, 0 or 1 along each axis, and of these."""
    here = tuple(slice(max(0, -o), n - max(0, o)) for o, n in zip(offset, array.shape, strict=True))
    there = tuple(slice(max(0, o), n + min(0, o)) for o, n in zip(offset, array.shape, strict=True))
    return array[here], array[there]


def sum_around(array: NDArray, *, in_space: bool) -> NDArray:
    """Return the sum over the 8 neighbours in the slice or the 26 in space; what lies outside the array counts 0."""
    total = array
    for axis in range(0 if in_space else 1, 3):
        padded = np.pad(total, [(1, 1) if a == axis else (0, 0) for a in range(3)])
        total = np.add(np.take(padded, range(array.shape[axis]), axis), total)
        total += np.take(padded, range(2, array.shape[axis] + 2), axis)
    return total - array


def count_alike(grey: NDArray[np.int32], *, in_space: bool) -> NDArray[np.int64]:
    """Return for each voxel how many of its 8 or 26 neighbours have its grey level."""
    alike = np.zeros(grey.shape, np.int64)
    for offset in OFFSETS_3D if in_space else OFFSETS_2D:
        here, there = pairs(grey, offset)
        same = here == there
        one, other = pairs(alike, offset)
        one += same
        other += same
    return alike
