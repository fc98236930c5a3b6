"""Neighbourhood grey tone difference: how far levels lie from the mean of their neighbours (IBSI IPET)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diascope.measures._ibsi_levels import Levels, UndefinedError
from diascope.measures._ibsi_matrices import aggregations, means
from diascope.measures._ibsi_neighbours import sum_around
from diascope.measures._ibsi_texture import texture_measure

FEATURES = {
    "coarseness": "QCDE",
    "contrast": "65HE",
    "busyness": "NQ30",
    "complexity": "HDEZ",
    "strength": "1X9X",
}
UNDEFINED = "no voxel of the region has a neighbour in it"
COARSEST = 1e6
"""What stands for the infinite coarseness of a region without differences (manual, 3.10.1)."""


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features; voxels without a neighbour in the region are left out, and slices without others too.

    Undefined where no voxel has a neighbour. Contrast, busyness and strength of a single level are 0.
    """
    flat = _differences(levels, in_space=False)
    deep = _differences(levels, in_space=True) if ndim == 3 else flat
    for how, (_, by_slice) in aggregations(ndim, directed=False).items():
        counts, sums = deep if how == "3d" else flat
        if not by_slice:
            counts, sums = counts.sum(axis=0, keepdims=True), sums.sum(axis=0, keepdims=True)
        rows = [_features(n, s) for n, s in zip(counts, sums, strict=True) if n.any()]
        if not rows:
            raise UndefinedError(UNDEFINED)
        values = {name: np.array([row[name] for row in rows]) for name in FEATURES}
        for name, value in means(values).items():
            yield f"ngtdm_{name}_{how}", value


def _differences(levels: Levels, *, in_space: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each slice and level, how many voxels have neighbours and the sum of differences to their mean."""
    grey = levels.grey.astype(np.int64)
    neighbours = sum_around((grey > 0).astype(np.int64), in_space=in_space)
    counted = (grey > 0) & (neighbours > 0)
    level = grey[counted]
    difference = np.abs(level - sum_around(grey, in_space=in_space)[counted] / neighbours[counted])
    shape = (len(grey), levels.count + 1)
    cell = np.nonzero(counted)[0] * shape[1] + level
    cells = shape[0] * shape[1]
    sums = (np.bincount(cell, values, cells).reshape(shape) for values in (np.ones(len(cell)), difference))
    numbers, totals = (np.asarray(s, np.float64) for s in sums)
    return numbers, totals


def _features(counts: NDArray[np.float64], sums: NDArray[np.float64]) -> dict[str, float]:
    level = np.flatnonzero(counts).astype(np.float64)
    number, total = counts[counts > 0], sums[counts > 0]
    share, voxels = number / number.sum(), number.sum()
    apart = np.abs(level[:, None] - level)
    weighted, both = share * total, share[:, None] + share
    coarse, differences = weighted.sum(), total.sum()
    crossing = np.abs((level * share)[:, None] - level * share).sum()
    kinds = len(level)
    contrast = (share[:, None] * share * apart**2).sum() / max(kinds * (kinds - 1), 1) * differences / voxels
    return {
        "coarseness": 1 / coarse if coarse > 0 else COARSEST,
        "contrast": contrast,
        "busyness": weighted.sum() / crossing if crossing > 0 else 0.0 if kinds == 1 else np.nan,
        "complexity": (apart * (weighted[:, None] + weighted) / both).sum() / voxels,
        "strength": (both * apart**2).sum() / differences if differences > 0 else 0.0,
    }


MEASURE = texture_measure(
    "ngtdm", "Neighbourhood grey tone difference (IBSI)", FEATURES, take, directed=False, undefined=UNDEFINED
)
