"""Neighbouring grey level dependence: how many neighbours have a voxel's level (IBSI REK0)."""

from collections.abc import Iterator

import numpy as np

from diascope.measures._ibsi_level_size import level_size_features
from diascope.measures._ibsi_levels import Levels
from diascope.measures._ibsi_matrices import Cells, Features, Matrices, cells_of, each_aggregation
from diascope.measures._ibsi_neighbours import count_alike
from diascope.measures._ibsi_texture import texture_measure

FEATURES = {
    "low_dependence_emphasis": "SODN",
    "high_dependence_emphasis": "IMOQ",
    "low_grey_level_count_emphasis": "TL9H",
    "high_grey_level_count_emphasis": "OAE7",
    "low_dependence_low_grey_level_emphasis": "EQ3F",
    "low_dependence_high_grey_level_emphasis": "JA6D",
    "high_dependence_low_grey_level_emphasis": "NBZI",
    "high_dependence_high_grey_level_emphasis": "9QMG",
    "grey_level_non_uniformity": "FP8K",
    "grey_level_non_uniformity_normalised": "5SPA",
    "dependence_count_non_uniformity": "Z87G",
    "dependence_count_non_uniformity_normalised": "OKJI",
    "dependence_count_percentage": "6XV8",
    "grey_level_variance": "1PFV",
    "dependence_count_variance": "DNX2",
    "dependence_count_entropy": "FCBV",
    "dependence_count_energy": "CAS9",
}


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features of dependence at Chebyshev distance 1 and coarseness 0: neighbours of the very same level.

    A voxel depends on itself, so counts run from 1 and every region has them; the percentage (6XV8) is always 1.
    """

    def features(matrices: Matrices) -> Features:
        return level_size_features(matrices, matrices.sum(matrices.count), tuple(FEATURES))

    def count(in_space: bool) -> Cells:
        inside = levels.grey > 0
        alike = count_alike(levels.grey, in_space=in_space)[inside] + 1
        slices = np.zeros(len(alike), np.int64) if in_space else np.nonzero(inside)[0]
        return cells_of(0, slices, levels.grey[inside].astype(np.int64), alike)

    yield from each_aggregation("ngldm", ndim, count, features, directed=False)


MEASURE = texture_measure("ngldm", "Neighbouring grey level dependence (IBSI)", FEATURES, take, directed=False)
