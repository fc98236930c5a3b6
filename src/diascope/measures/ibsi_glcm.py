"""Grey level co-occurrence: how often two levels are neighbours (IBSI LFYI)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diascope.measures._ibsi_levels import Levels, UndefinedError
from diascope.measures._ibsi_matrices import (
    OFFSETS_2D,
    OFFSETS_3D,
    Cells,
    Features,
    Matrices,
    cells_of,
    each_aggregation,
    joined,
)
from diascope.measures._ibsi_neighbours import pairs
from diascope.measures._ibsi_texture import texture_measure

FEATURES = {
    "joint_maximum": "GYBY",
    "joint_average": "60VM",
    "joint_variance": "UR99",
    "joint_entropy": "TU9B",
    "difference_average": "TF7R",
    "difference_variance": "D3YU",
    "difference_entropy": "NTRS",
    "sum_average": "ZGXS",
    "sum_variance": "OEEB",
    "sum_entropy": "P6QZ",
    "angular_second_moment": "8ZQL",
    "contrast": "ACUI",
    "dissimilarity": "8S9J",
    "inverse_difference": "IB1Z",
    "inverse_difference_normalised": "NDRX",
    "inverse_difference_moment": "WF0Z",
    "inverse_difference_moment_normalised": "1QCO",
    "inverse_variance": "E8JP",
    "correlation": "NI2N",
    "autocorrelation": "QWB0",
    "cluster_tendency": "DG8W",
    "cluster_shade": "7NFM",
    "cluster_prominence": "AE86",
    "information_correlation_1": "R8DG",
    "information_correlation_2": "JN9H",
}
UNDEFINED = "no two neighbouring voxels of the region have different grey levels, or none has a neighbour"


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features of symmetric matrices of neighbours at Chebyshev distance 1, without weights of distance.

    Undefined: everything where no voxel has a neighbour in the region; correlation (NI2N) and the first information
    correlation (R8DG) of a matrix with a single level, which are 0 / 0. Averages leave such matrices out.
    """

    def features(matrices: Matrices) -> Features:
        return _moments(matrices, levels.count) | _of_sums(matrices) | _of_entropy(matrices)

    def count(in_space: bool) -> Cells:
        return _count(levels, in_space=in_space)

    yield from each_aggregation("glcm", ndim, count, features, directed=True)


def _count(levels: Levels, *, in_space: bool) -> Cells:
    parts = []
    for number, offset in enumerate(OFFSETS_3D if in_space else OFFSETS_2D):
        here, there = pairs(levels.grey, offset)
        both = (here > 0) & (there > 0)
        if not both.any():
            continue
        slices = np.zeros(np.count_nonzero(both), np.int64) if in_space else np.nonzero(both)[0]
        one, other = here[both].astype(np.int64), there[both].astype(np.int64)
        cells = cells_of(number, slices, one, other)
        mirrored = Cells(cells.direction, cells.slice, cells.column, cells.row, cells.count)
        parts += [cells, mirrored]
    if not parts:
        raise UndefinedError("no voxel of the region has a neighbour in it")
    return joined(parts)


def _moments(matrices: Matrices, levels: int) -> Features:
    i, j, p = _shares(matrices)
    difference = np.abs(i - j)
    mean = matrices.sum(p * i)
    apart = np.where(difference > 0, difference, np.inf)
    variance = matrices.sum(p * (i - mean[matrices.index]) ** 2)
    covariance = matrices.sum(p * (i - mean[matrices.index]) * (j - mean[matrices.index]))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(variance > 0, covariance / variance, np.nan)
    return {
        "joint_maximum": np.maximum.reduceat(p, np.searchsorted(matrices.index, np.arange(matrices.number))),
        "joint_average": mean,
        "joint_variance": variance,
        "angular_second_moment": matrices.sum(p**2),
        "contrast": matrices.sum(p * difference**2),
        "dissimilarity": matrices.sum(p * difference),
        "inverse_difference": matrices.sum(p / (1 + difference)),
        "inverse_difference_normalised": matrices.sum(p / (1 + difference / levels)),
        "inverse_difference_moment": matrices.sum(p / (1 + difference**2)),
        "inverse_difference_moment_normalised": matrices.sum(p / (1 + (difference / levels) ** 2)),
        "inverse_variance": matrices.sum(p / apart**2),
        "correlation": correlation,
        "autocorrelation": matrices.sum(p * i * j),
    }


def _of_sums(matrices: Matrices) -> Features:
    i, j, p = _shares(matrices)
    total, difference = i + j, np.abs(i - j)
    mean_total, mean_difference = matrices.sum(p * total), matrices.sum(p * difference)
    from_mean = total - mean_total[matrices.index]
    return {
        "difference_average": mean_difference,
        "difference_variance": matrices.sum(p * (difference - mean_difference[matrices.index]) ** 2),
        "difference_entropy": matrices.sum_of_sums(np.abs(matrices.row - matrices.column), p, _entropy),
        "sum_average": mean_total,
        "sum_variance": matrices.sum(p * from_mean**2),
        "sum_entropy": matrices.sum_of_sums(matrices.row + matrices.column, p, _entropy),
        "cluster_tendency": matrices.sum(p * from_mean**2),
        "cluster_shade": matrices.sum(p * from_mean**3),
        "cluster_prominence": matrices.sum(p * from_mean**4),
    }


def _of_entropy(matrices: Matrices) -> Features:
    """Return the joint entropy and the two measures that hold it against that of independent neighbours.

    A symmetric matrix has one marginal entropy HX, and both entropies of independence are 2 HX.
    """
    _, _, p = _shares(matrices)
    joint = matrices.sum(_entropy(p))
    marginal = matrices.sum_of_sums(matrices.row, p, _entropy)
    more = np.maximum(2 * marginal - joint, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.where(marginal > 0, -more / marginal, np.nan)
    return {
        "joint_entropy": joint,
        "information_correlation_1": first,
        "information_correlation_2": np.sqrt(1 - np.exp(-2 * more)),
    }


def _shares(matrices: Matrices) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    total = matrices.sum(matrices.count)
    share = matrices.count / total[matrices.index]
    return matrices.row.astype(np.float64), matrices.column.astype(np.float64), share


def _entropy(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return -share * np.log2(share)


MEASURE = texture_measure("glcm", "Grey level co-occurrence (IBSI)", FEATURES, take, directed=True, undefined=UNDEFINED)
