"""Bring label maps to another grid: each voxel takes the class with the largest linear weight.

That is what interpolating each class's indicator and taking the largest gives, without doing it for every class:

- where all corners of a cell agree, the class is theirs;
- where just two classes a < b meet, the linear interpolation of the *numbers* is ``a + (b - a) * weight of b``, so one
  interpolation of the whole map decides them all: b wins where it passes ``(a + b) / 2``;
- only where three or more meet are the corners' weights added up class by class.

A tie goes to the class of the nearest voxel, as in nnU-Net (batchgenerators 0.25).
"""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.transforms.axis import Band, apply_bands, cut, linear_matrix, linear_pair, nearest_index, positions

SLAB_VOXELS = 2_000_000
"""Result voxels that are worked on together; chosen here: faster than the whole map (caches), and bounds memory."""

SETTLED = 250_000
"""Voxels with three or more classes around them that are settled together; bounds memory to some 30 MB."""

TIE = 4e-6
"""Summed weights that differ by less are equal: float32 cannot tell them apart."""

Pair = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]
"""Along one axis, for each new sample: the old sample below, the one above, the upper one's weight, the nearest."""


def resample_labels(labels: NDArray, new_shape: Sequence[int], *, separate_axis: int | None = None) -> NDArray:
    """Return the label map on a grid of other size over the same extent.

    Args:
        labels: ``(*shape)`` whole numbers.
        new_shape: voxels along each axis.
        separate_axis: an axis along which the nearest slice is taken (thick slices).

    Returns:
        ``(*new_shape)`` of the same type; the same array where nothing changes.

    Example:
        >>> resample_labels(np.array([0, 3, 5]), (6,))
        array([0, 0, 3, 3, 5, 5])
    """
    new_shape = tuple(int(n) for n in new_shape)
    if new_shape == labels.shape:
        return labels
    sizes = enumerate(zip(labels.shape, new_shape, strict=True))
    pairs = [_pair(old, new, axis == separate_axis) for axis, (old, new) in sizes]
    return _resample(labels, pairs)


def sample_labels(labels: NDArray, where: Sequence[NDArray[np.float64]]) -> NDArray:
    """Return the label map at the crossings of the given positions along each axis; edges are continued."""
    pairs = [(*linear_pair(w, n), _nearest(w, n)) for w, n in zip(where, labels.shape, strict=True)]
    return _resample(labels, pairs)


def label_taker(labels: NDArray) -> Callable[[Sequence[NDArray[np.float64]]], NDArray]:
    """Return a function that reads the label map at scattered positions, edges continued.

    It takes one array for each axis, all of one shape, and returns labels of that shape.
    """
    ranks, values = _rank(labels)
    lowest, highest, _ = _cells(ranks, [n == 1 for n in ranks.shape])
    is_mixed = lowest != highest

    def take(where: Sequence[NDArray[np.float64]]) -> NDArray:
        pairs = [(*linear_pair(w, n), _nearest(w, n)) for w, n in zip(where, labels.shape, strict=True)]
        out = ranks[tuple(pair[3] for pair in pairs)]
        mixed = np.nonzero(is_mixed[tuple(pair[0] for pair in pairs)])
        if len(mixed[0]):
            out[mixed] = _settle(ranks, [_take(pair, mixed) for pair in pairs])
        return out if values is None else values[out]

    return take


def _take(pair: Pair, index: Any) -> Pair:
    low, high, weight, near = pair
    return low[index], high[index], weight[index], near[index]


def _nearest(where: NDArray[np.float64], old: int) -> NDArray[np.intp]:
    return np.clip(np.floor(where + 0.5), 0, old - 1).astype(np.intp)


def _resample(labels: NDArray, pairs: Sequence[Pair]) -> NDArray:
    new_shape = tuple(len(pair[0]) for pair in pairs)
    ranks, values = _rank(labels)
    out = np.empty(new_shape, ranks.dtype)
    rows = max(1, SLAB_VOXELS // max(1, int(np.prod(new_shape[1:]))))
    for start in range(0, new_shape[0], rows):
        stop = min(start + rows, new_shape[0])
        low, high, weight, near = _take(pairs[0], slice(start, stop))
        first, last = int(min(low.min(), near.min())), int(high.max()) + 1
        slab = [(low - first, high - first, weight, near - first), *pairs[1:]]
        out[start:stop] = _resample_slab(ranks[first:last], slab)
    return out if values is None else values[out]


def _rank(labels: NDArray) -> tuple[NDArray, NDArray | None]:
    """Return the map in small whole numbers of the same order, and the label of each (None: its own number)."""
    if labels.dtype == np.uint8:
        return labels, None
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high <= 255:
        return labels.astype(np.uint8), np.arange(256).astype(labels.dtype)
    values, ranks = np.unique(labels, return_inverse=True)
    return ranks.reshape(labels.shape).astype(np.uint8 if len(values) <= 256 else np.int32), values


def _pair(old: int, new: int, by_index: bool) -> Pair:
    near = nearest_index(old, new)
    if by_index:
        return near, near, np.zeros(new, np.float32), near
    return (*linear_pair(positions(old, new), old), near)


def _resample_slab(ranks: NDArray, pairs: Sequence[Pair]) -> NDArray:
    """Return the classes of one slab; ``ranks`` are the old voxels that it needs."""
    lowest, highest, crowded = _cells(ranks, [bool((low == high).all()) for low, high, _, _ in pairs])
    for axis in reversed(range(ranks.ndim)):  # the last axis first: it is the dearest, and the map is still small
        low = pairs[axis][0]
        lowest, highest, crowded = (np.take(cell, low, axis) for cell in (lowest, highest, crowded))
    twice = _interpolate(ranks, pairs)
    twice *= 2
    twice -= lowest
    twice -= highest
    tie = TIE * max(1, int(highest.max(initial=1)))
    out = np.where(twice > 0, highest, lowest)
    tied = np.abs(twice, out=twice) <= tie
    tied &= lowest != highest
    tied |= crowded
    where = np.nonzero(tied)
    if len(where[0]):
        single = [_take(pair, index) for pair, index in zip(pairs, where, strict=True)]
        out[where] = _settle(ranks, single)
    return out


def _cells(ranks: NDArray, by_index: Sequence[bool]) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """Return for the cell above each voxel its lowest and highest class, and whether there is a third one."""
    lowest, highest = ranks, ranks
    for axis, flat in enumerate(by_index):
        if not flat:
            lowest, highest = (f(cell, _next(cell, axis)) for f, cell in ((np.minimum, lowest), (np.maximum, highest)))
    crowded = np.zeros(ranks.shape, bool)
    for corner in product(*((0,) if flat else (0, 1) for flat in by_index)):
        there = ranks
        for axis in np.flatnonzero(corner):
            there = _next(there, int(axis))
        crowded |= (there != lowest) & (there != highest)
    return lowest, highest, crowded


def _next(array: NDArray, axis: int) -> NDArray:
    """Return the array one voxel on along an axis; the last voxel is repeated."""
    return np.take(array, np.minimum(np.arange(1, array.shape[axis] + 1), array.shape[axis] - 1), axis)


def _interpolate(ranks: NDArray, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    array = ranks.astype(np.float32)
    for axis in reversed(range(ranks.ndim)):
        low, _, weight, _ = pairs[axis]
        array = apply_bands(_bands(low, weight, ranks.shape[axis]), array, axis)
    return array


def _bands(low: NDArray[np.intp], weight: NDArray[np.float32], old: int) -> tuple[Band, ...]:
    return cut(linear_matrix(low + weight.astype(np.float64), old))


def _settle(ranks: NDArray, pairs: Sequence[Pair]) -> NDArray:
    """Return the class with the largest summed corner weight, for voxels given one by one (``pairs`` hold theirs)."""
    parts = [slice(start, start + SETTLED) for start in range(0, len(pairs[0][0]), SETTLED)]
    return np.concatenate([_settle_part(ranks, [_take(pair, part) for pair in pairs]) for part in parts])


def _settle_part(ranks: NDArray, pairs: Sequence[Pair]) -> NDArray:
    corners, weights = [], []
    for sides in product((0, 1), repeat=ranks.ndim):
        corners.append(ranks[tuple(pair[1] if side else pair[0] for pair, side in zip(pairs, sides, strict=True))])
        along = [pair[2] if side else 1 - pair[2] for pair, side in zip(pairs, sides, strict=True)]
        weights.append(reduce(np.multiply, along))
    near = ranks[tuple(pair[3] for pair in pairs)]
    best = np.zeros(len(near), np.float32)
    scores = []
    for own in corners:
        score = np.zeros(len(near), np.float32)
        for there, weight in zip(corners, weights, strict=True):
            score += weight * (there == own)
        scores.append(score)
        np.maximum(best, score, out=best)
    best -= TIE
    winner = np.full(len(near), np.iinfo(ranks.dtype).max, ranks.dtype)
    near_wins = np.zeros(len(near), bool)
    for own, score in zip(corners, scores, strict=True):
        is_best = score >= best
        np.minimum(winner, own, out=winner, where=is_best)
        near_wins |= is_best & (own == near)
    return np.where(near_wins, near, winner)
