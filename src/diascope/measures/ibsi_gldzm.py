"""Grey level distance zones: how far from the border connected voxels of one level lie (IBSI VMDZ)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diascope.measures._ibsi_level_size import level_size_features
from diascope.measures._ibsi_levels import Levels
from diascope.measures._ibsi_matrices import Cells, Features, Matrices, cells_of, each_aggregation
from diascope.measures._ibsi_texture import texture_measure
from diascope.measures._ibsi_zones import find_zones

FEATURES = {
    "small_distance_emphasis": "0GBI",
    "large_distance_emphasis": "MB4I",
    "low_grey_level_zone_emphasis": "S1RA",
    "high_grey_level_zone_emphasis": "K26C",
    "small_distance_low_grey_level_emphasis": "RUVG",
    "small_distance_high_grey_level_emphasis": "DKNJ",
    "large_distance_low_grey_level_emphasis": "A7WM",
    "large_distance_high_grey_level_emphasis": "KLTH",
    "grey_level_non_uniformity": "VFT7",
    "grey_level_non_uniformity_normalised": "7HP3",
    "zone_distance_non_uniformity": "V294",
    "zone_distance_non_uniformity_normalised": "IATH",
    "zone_percentage": "VIWW",
    "grey_level_variance": "QK93",
    "zone_distance_variance": "7WT1",
    "zone_distance_entropy": "GBDU",
}


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features of zones by the smallest distance of their voxels to the border; every region has zones.

    Distances are steps across faces to outside the mask before re-segmentation, which ends where the image ends.
    """
    in_slices = np.count_nonzero(levels.grey, axis=(1, 2))
    in_slices = in_slices[in_slices > 0]

    def features(matrices: Matrices) -> Features:
        voxels = in_slices if matrices.number == len(in_slices) else in_slices.sum()
        return level_size_features(matrices, voxels, tuple(FEATURES))

    def count(in_space: bool) -> Cells:
        zones = find_zones(levels.grey, in_space=in_space)
        steps = _steps_to_border(levels.body, in_space=in_space)
        nearest = np.full(len(zones.size) + 1, np.iinfo(np.int64).max)
        np.minimum.at(nearest, zones.labels.ravel(), steps.ravel())
        return cells_of(0, zones.slice, zones.level, nearest[1:])

    yield from each_aggregation("gldzm", ndim, count, features, directed=False)


def _steps_to_border(body: NDArray[np.bool_], *, in_space: bool) -> NDArray[np.int64]:
    """Return the steps across faces from each voxel of the mask to outside it, 1 at its border; 0 outside."""
    from scipy.ndimage import distance_transform_cdt

    padded = np.pad(body, 1)
    parts = [padded] if in_space else list(padded)
    steps = [np.asarray(distance_transform_cdt(part, "taxicab"), np.int64) for part in parts]
    return (steps[0] if in_space else np.stack(steps))[1:-1, 1:-1, 1:-1]


MEASURE = texture_measure("gldzm", "Grey level distance zones (IBSI)", FEATURES, take, directed=False)
