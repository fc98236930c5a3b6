"""Border voxels of two masks and how far each lies from the other mask's border."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BorderDistances:
    """Distance in mm from every border voxel of one mask to the nearest border voxel of the other."""

    from_reference: NDArray[np.float64]
    from_prediction: NDArray[np.float64]


def measure_borders(
    reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> BorderDistances:
    """Return the distances between the centres of border voxels; neither mask may be empty.

    A border voxel is a voxel of the mask with a neighbour across a face outside the mask or outside the image. The
    nearest one is looked up in a k-d tree, whose cost follows the borders, not the volume: exact, as a distance
    transform is, and many times faster on a large image.
    """
    from scipy.spatial import KDTree

    points = [np.argwhere(_border(mask)) * np.asarray(spacing_mm) for mask in _crop_to_union(reference, prediction)]
    to_reference, to_prediction = KDTree(points[0]), KDTree(points[1])
    return BorderDistances(to_prediction.query(points[0])[0], to_reference.query(points[1])[0])


def _crop_to_union(*masks: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """Return the masks cut to the box that holds them all."""
    axes = range(masks[0].ndim)
    box = []
    for axis in axes:
        others = tuple(a for a in axes if a != axis)
        filled = np.flatnonzero(np.logical_or.reduce([mask.any(axis=others) for mask in masks]))
        box.append(slice(filled[0], filled[-1] + 1))
    return tuple(mask[tuple(box)] for mask in masks)


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels of the mask that have a face in common with something outside it."""
    from scipy.ndimage import binary_erosion

    return mask & np.logical_not(binary_erosion(mask))
