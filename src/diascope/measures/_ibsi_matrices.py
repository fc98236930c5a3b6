"""Texture matrices as lists of their filled cells, and how those of slices and directions are merged and averaged."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = dict[str, NDArray[np.float64]]

OFFSETS_2D = ((0, 0, 1), (0, 1, -1), (0, 1, 0), (0, 1, 1))
OFFSETS_3D = (*OFFSETS_2D, *((1, i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)))
"""The neighbours at Chebyshev distance 1 in slices and in space, one of each opposite pair."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The filled cells of many matrices.

    Attributes:
        direction, slice: of the matrix that a cell belongs to ``(N,)``; slices are 0 where matrices span them.
        row: grey level, from 1 up.
        column: what the family counts by (another grey level, a length, a size, a distance), from 1 up.
        count: how often.
    """

    direction: NDArray[np.int64]
    slice: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    count: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Matrices:
    """Cells of matrices that are numbered ``0 … number - 1`` by ``index``; the rest as in ``Cells``."""

    index: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    count: NDArray[np.float64]
    number: int

    def sum(self, values: NDArray) -> NDArray[np.float64]:
        """Return for each matrix the sum of ``values``, one a cell."""
        return np.asarray(np.bincount(self.index, values, self.number), np.float64)

    def sum_of_sums(
        self, keys: NDArray[np.int64], values: NDArray, change: Callable[[NDArray], NDArray]
    ) -> NDArray[np.float64]:
        """Return for each matrix the sum over its different keys of a function of the key's total."""
        index, _, totals = self.group(keys, values)
        return np.asarray(np.bincount(index, change(totals), self.number), np.float64)

    def group(
        self, keys: NDArray[np.int64], values: NDArray
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return matrix, key and total of ``values`` for each key that occurs in each matrix."""
        span = int(keys.max()) + 1
        joined, totals = add_up(self.index * span + keys, values)
        return joined // span, joined % span, totals


def add_up(keys: NDArray[np.int64], values: NDArray | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the different keys, sorted, and the total of the values (or the number) of each."""
    span = int(keys.max()) + 1
    if span <= max(4 * len(keys), 1 << 16):
        numbers = np.bincount(keys, minlength=span)
        found = np.flatnonzero(numbers)
        totals = numbers if values is None else np.bincount(keys, values, span)
        return found, totals[found].astype(np.float64)
    found, inverse = np.unique(keys, return_inverse=True)
    return found, np.bincount(inverse, values, len(found)).astype(np.float64)


def cells_of(
    direction: NDArray[np.int64] | int, slices: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]
) -> Cells:
    """Return the cells in which observations fall, one observation an element."""
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    planes = int(slices.max()) + 1
    matrix = np.asarray(direction, np.int64) * planes + slices
    keys, count = add_up((matrix * rows + row) * columns + column)
    keys, columns_found = np.divmod(keys, columns)
    matrices, rows_found = np.divmod(keys, rows)
    return Cells(matrices // planes, matrices % planes, rows_found, columns_found, count)


def joined(parts: list[Cells]) -> Cells:
    """Return the cells of all parts, whose matrices differ."""
    fields = ("direction", "slice", "row", "column", "count")
    return Cells(*(np.concatenate([getattr(p, field) for p in parts]) for field in fields))


def arranged(cells: Cells, *, by_direction: bool, by_slice: bool) -> Matrices:
    """Return one matrix for each direction or slice, or both, or one in all; the counts of the others are added."""
    rows, columns = int(cells.row.max()) + 1, int(cells.column.max()) + 1
    matrix = np.zeros(len(cells.row), np.int64)
    if by_direction:
        matrix += cells.direction
    if by_slice:
        matrix = matrix * (int(cells.slice.max()) + 1) + cells.slice
    keys, count = add_up((matrix * rows + cells.row) * columns + cells.column, cells.count)
    keys, column = np.divmod(keys, columns)
    matrix, row = np.divmod(keys, rows)
    numbers, index = np.unique(matrix, return_inverse=True)
    return Matrices(index, row, column, count, len(numbers))


AGGREGATIONS = {
    "2d_averaged": (True, True),
    "2d_slice_merged": (False, True),
    "2_5d_direction_merged": (True, False),
    "2_5d_merged": (False, False),
    "3d_averaged": (True, False),
    "3d_merged": (False, False),
}
"""Ways to aggregate matrices that have a direction (IBSI BTW3, SUJT, JJUI, ZW7Z, ITBB, IAZD): one for each direction,
one for each slice."""

AGGREGATIONS_OF_ZONES = {"2d_averaged": (False, True), "2_5d_merged": (False, False), "3d": (False, False)}
"""The same for matrices without a direction (IBSI 8QNN, 62GR, KOBO)."""


def aggregations(ndim: int, *, directed: bool) -> dict[str, tuple[bool, bool]]:
    """Return the aggregations of an image: a picture is one slice, for which merging slices would change nothing."""
    known = AGGREGATIONS if directed else AGGREGATIONS_OF_ZONES
    return {name: how for name, how in known.items() if ndim == 3 or name.startswith("2d")}


def names_of(family: str, features: Mapping[str, str], ndim: int, *, directed: bool) -> dict[str, str]:
    """Return the names of all features in all aggregations; texture has no unit."""
    return {f"{family}_{f}_{how}": "" for how in aggregations(ndim, directed=directed) for f in features}


def means(features: Features) -> dict[str, float]:
    """Return the mean over matrices, of those in which a feature is defined; nan where it is in none."""
    defined = {name: values[np.isfinite(values)] for name, values in features.items()}
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in defined.items()}


def each_aggregation(
    family: str,
    ndim: int,
    count: Callable[[bool], Cells],
    features: Callable[[Matrices], Features],
    *,
    directed: bool,
) -> Iterator[tuple[str, float]]:
    """Yield name and value of every feature in every aggregation.

    Args:
        family: what names begin with.
        ndim: of the image.
        count: whether in space → the cells.
        features: of matrices.
        directed: whether the family has a matrix for each direction.
    """
    flat = count(False)
    deep = count(True) if ndim == 3 else flat
    for how, (by_direction, by_slice) in aggregations(ndim, directed=directed).items():
        matrices = arranged(deep if how.startswith("3d") else flat, by_direction=by_direction, by_slice=by_slice)
        for name, value in means(features(matrices)).items():
            yield f"{family}_{name}_{how}", value
