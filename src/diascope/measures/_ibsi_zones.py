"""Zones: connected voxels of one grey level."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Zones:
    """The zones of a region.

    Attributes:
        labels: number of its zone for each voxel ``(K, I, J)``, from 1 up; 0 outside.
        level, slice, size: of each zone ``(N,)``; slices are 0 for zones in space, sizes in voxels.
    """

    labels: NDArray[np.int64]
    level: NDArray[np.int64]
    slice: NDArray[np.int64]
    size: NDArray[np.int64]


def find_zones(grey: NDArray[np.int32], *, in_space: bool) -> Zones:
    """Return the zones whose voxels touch by a face, an edge or a corner, in space or in their slice."""
    from skimage.measure import label

    if in_space:
        labels = np.asarray(label(grey, background=0, connectivity=3), np.int64)
    else:
        apart = np.zeros((2 * len(grey), *grey.shape[1:]), grey.dtype)
        apart[::2] = grey
        labels = np.asarray(label(apart, background=0, connectivity=3), np.int64)[::2]
    size = np.bincount(labels.ravel())[1:]
    level = np.zeros(len(size) + 1, np.int64)
    level[labels.ravel()] = grey.ravel()
    slices = np.zeros(len(size) + 1, np.int64)
    if not in_space:
        slices[labels] = np.arange(len(grey))[:, None, None]
    return Zones(labels, level[1:], slices[1:], size)
