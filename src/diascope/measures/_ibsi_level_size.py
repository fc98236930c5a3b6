"""The features that run lengths, zone sizes, zone distances and dependences have alike: of levels by sizes."""

import numpy as np
from numpy.typing import NDArray

from diascope.measures._ibsi_matrices import Features, Matrices

KINDS = (
    "short_emphasis",
    "long_emphasis",
    "low_level_emphasis",
    "high_level_emphasis",
    "short_low_level_emphasis",
    "short_high_level_emphasis",
    "long_low_level_emphasis",
    "long_high_level_emphasis",
    "level_non_uniformity",
    "level_non_uniformity_normalised",
    "size_non_uniformity",
    "size_non_uniformity_normalised",
    "percentage",
    "level_variance",
    "size_variance",
    "entropy",
    "energy",
)
"""What the sixteen features are, and a seventeenth, in the manual's order; each family has its own names for them."""


def level_size_features(matrices: Matrices, voxels: NDArray[np.float64] | float, names: tuple[str, ...]) -> Features:
    """Return the features of matrices of grey level i by size j, named as the family names them.

    Args:
        matrices: counts of runs, zones or dependences.
        voxels: number of voxels that the observations of each matrix come from.
        names: sixteen or seventeen names, in the order of ``KINDS``.
    """
    level, size = matrices.row.astype(np.float64), matrices.column.astype(np.float64)
    observed = matrices.sum(matrices.count)
    share = matrices.count / observed[matrices.index]
    levels = matrices.sum_of_sums(matrices.row, matrices.count, np.square) / observed
    sizes = matrices.sum_of_sums(matrices.column, matrices.count, np.square) / observed
    values = (
        matrices.sum(share / size**2),
        matrices.sum(share * size**2),
        matrices.sum(share / level**2),
        matrices.sum(share * level**2),
        matrices.sum(share / (level * size) ** 2),
        matrices.sum(share * (level / size) ** 2),
        matrices.sum(share * (size / level) ** 2),
        matrices.sum(share * (level * size) ** 2),
        levels,
        levels / observed,
        sizes,
        sizes / observed,
        observed / voxels,
        _variance(matrices, level, share),
        _variance(matrices, size, share),
        matrices.sum(-share * np.log2(share)),
        matrices.sum(share**2),
    )
    return dict(zip(names, values, strict=False))


def _variance(matrices: Matrices, of: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = matrices.sum(share * of)
    return matrices.sum(share * (of - mean[matrices.index]) ** 2)
