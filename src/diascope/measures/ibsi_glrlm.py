"""Grey level run lengths: how long a level goes on in a direction (IBSI TP0I)."""

import math
from collections.abc import Iterator

import numpy as np

from diascope.measures._ibsi_level_size import level_size_features
from diascope.measures._ibsi_levels import Levels
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
from diascope.measures._ibsi_texture import texture_measure

FEATURES = {
    "short_runs_emphasis": "22OV",
    "long_runs_emphasis": "W4KF",
    "low_grey_level_run_emphasis": "V3SW",
    "high_grey_level_run_emphasis": "G3QZ",
    "short_run_low_grey_level_emphasis": "HTZT",
    "short_run_high_grey_level_emphasis": "GD3A",
    "long_run_low_grey_level_emphasis": "IVPO",
    "long_run_high_grey_level_emphasis": "3KUM",
    "grey_level_non_uniformity": "R5YN",
    "grey_level_non_uniformity_normalised": "OVBL",
    "run_length_non_uniformity": "W92Y",
    "run_length_non_uniformity_normalised": "IC23",
    "run_percentage": "9ZK5",
    "grey_level_variance": "8CE5",
    "run_length_variance": "SXLW",
    "run_entropy": "HJ9O",
}


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features of runs in 4 directions of each slice, and in 13 of space; every region has runs."""

    def features(matrices: Matrices) -> Features:
        voxels = matrices.sum(matrices.count * matrices.column)
        return level_size_features(matrices, voxels, tuple(FEATURES))

    def count(in_space: bool) -> Cells:
        offsets = OFFSETS_3D if in_space else OFFSETS_2D
        return joined([_runs(levels, offset, n, in_space=in_space) for n, offset in enumerate(offsets)])

    yield from each_aggregation("glrlm", ndim, count, features, directed=True)


def _runs(levels: Levels, offset: tuple[int, int, int], number: int, *, in_space: bool) -> Cells:
    """Return the runs along one direction.

    A step in a direction is a constant stride through the padded array laid out as one row. Cut into pieces of one
    stride, one below the other, each column then holds lines of voxels, with padding between any two of them.
    """
    padded = np.pad(levels.grey, 1)
    strides = (padded.shape[1] * padded.shape[2], padded.shape[2], 1)
    stride = abs(sum(o * s for o, s in zip(offset, strides, strict=True)))
    height = math.ceil(padded.size / stride) + 1
    laid = np.zeros(height * stride, padded.dtype)
    laid[: padded.size] = padded.ravel()
    lines = np.ascontiguousarray(laid.reshape(height, stride).T).ravel()
    starts = np.flatnonzero(np.diff(lines, prepend=0))
    lengths = np.diff(starts, append=lines.size)
    filled = lines[starts] > 0
    starts, lengths = starts[filled], lengths[filled]
    place = (starts % height) * stride + starts // height
    slices = np.zeros(len(starts), np.int64) if in_space else place // strides[0]
    return cells_of(number, slices, lines[starts].astype(np.int64), lengths)


MEASURE = texture_measure("glrlm", "Grey level run lengths (IBSI)", FEATURES, take, directed=True)
