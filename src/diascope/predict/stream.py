"""Class maps and value maps of whole volumes in bounded memory.

Windows are visited along the first axis of the (turned) grid. Only the slabs that later windows still touch are kept
for all classes; a finished slab is resampled slice by slice, class by class, to the grid that is wanted and only its
best class is kept. A cross-section whose slab would be too large is gone through in blocks of its first axis, one after
the other; windows across a border are then predicted for both. So memory grows with neither the volume nor the
cross-section times the classes (the field's most reported failure: nnUNet#2912, TotalSegmentator#240).

Where the values themselves are wanted, a byte is kept of each: it tells shares apart by 0.4 %.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, groupby, pairwise
from math import ceil, floor, log2, prod

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.engine import Runner
from diascope.predict.windows import gaussian, window_corners
from diascope.transforms.axis import linear_matrix as interpolation

Slab = tuple[int, NDArray[np.float32]]
"""First slice along axis 0 and blended class values ``(O, slices, J[, K])``."""

BLOCK_BYTES = 3 * 2**27
"""Class values held at once, about: a larger cross-section is divided (chosen here: 105 classes at 512x512x300 then
take six blocks, predict a third more windows and hold a sixth as much; docs/lab-log.md)."""

FULL = 255
"""The byte that stands for a value of 1."""

HALF_SUM = 2.0**15
"""The largest half-precision sum, about: half of what the type holds."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One prediction of a turned and padded volume ``(C, I, J[, K])``, by windows of ``outputs`` class values."""

    volume: NDArray[np.float32]
    predict: Runner | Callable[[NDArray[np.float32]], NDArray[np.float32]]
    outputs: int
    window: tuple[int, ...]
    corners: list[tuple[int, ...]]
    divides: bool
    """Whether sums are divided by their weights: the best class of a voxel is the same without it."""

    @property
    def kind(self) -> np.dtype:
        """Return the number type of the sums: half precision where there are many classes."""
        return np.dtype(np.float16 if self.outputs > 8 else np.float32)

    @property
    def scale(self) -> float:
        """Return what weights are multiplied by: a power of two for half precision, else 1.

        Sums are divided by those of the weights or only compared, so any factor will do. Without one, small weights
        times small values are subnormal numbers, which lose digits and take numpy ten times as long to add; where many
        windows cover a voxel, it is small enough for their sum.
        """
        if self.kind != np.float16:
            return 1.0
        covering = 1
        for axis, edge in enumerate(self.window):
            gaps = np.diff(sorted({corner[axis] for corner in self.corners}))
            covering *= ceil(edge / gaps.min()) if gaps.size else 1
        return 2.0 ** floor(log2(HALF_SUM / covering))

    def blocks(self) -> int:
        """Return into how many blocks of axis 1 the cross-section is divided, each at least a window wide."""
        size = self.outputs * self.window[0] * prod(self.volume.shape[2:]) * self.kind.itemsize
        return max(1, min(ceil(size / BLOCK_BYTES), self.volume.shape[2] // self.window[1]))

    def across(self, first: int, last: int) -> list[tuple[int, ...]]:
        """Return the corners of the windows that touch columns ``first`` to ``last`` (exclusive) of axis 1."""
        return [c for c in self.corners if c[1] < last and c[1] + self.window[1] > first]


@dataclass(frozen=True)
class Keep:
    """What is kept of blended values.

    Attributes:
        slab: ``(O, slices, J[, K])`` of a finished slab → what stands for its slices, which are the first axis.
        slice: ``(before or None, plane, share)``, ``(O, J[, K])`` each → what stands for the slice that lies between,
            ``(1 - share) before + share plane``; without one before, for the plane.
    """

    slab: Callable[[NDArray], NDArray]
    slice: Callable[[NDArray | None, NDArray, float], NDArray]


def class_map(
    volume: NDArray[np.float32],
    predict: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    *,
    outputs: int,
    window: tuple[int, ...],
    overlap: float,
    shape: tuple[int, ...],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.integer]:
    """Return the best class of each voxel ``shape`` for a volume ``(C, I, J[, K])``.

    Args:
        volume: on the network's grid.
        predict: ``(B, C, *window) -> (B, O, *window)`` values that may be averaged (probabilities).
        outputs: number of classes O.
        window: voxels of a window; the volume is padded with its lowest value where it is smaller.
        overlap: share of a window shared with the next.
        shape: grid of the result; other than the volume's, class values are brought to it linearly before the best
            is taken.
        progress: called with windows done and in all.
    """
    resamples = tuple(volume.shape[1:]) != tuple(shape)
    kind = np.dtype(np.uint8 if outputs <= 256 else np.int16)
    view = _View.of(volume, window, overlap)
    work = view.work(predict, outputs, divides=resamples)
    labels = np.zeros(view.turn(shape), kind)
    _fill(labels, work, view, Keep(_best, _best_of_two), progress)
    return np.ascontiguousarray(np.moveaxis(labels, 0, view.axis))


def value_maps(
    volume: NDArray[np.float32],
    predict: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    *,
    outputs: int,
    window: tuple[int, ...],
    overlap: float,
    shape: tuple[int, ...],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.uint8]:
    """Return the blended values ``(O, *shape)`` of a volume ``(C, I, J[, K])``, 0..1 as 0..255.

    Args as ``class_map``, whose ``predict`` here gives values from 0 to 1.
    """
    view = _View.of(volume, window, overlap)
    work = view.work(predict, outputs, divides=True)
    depth, *across = view.turn(shape)
    values = np.zeros((depth, outputs, *across), np.uint8)
    _fill(values, work, view, Keep(_slab_bytes, _slice_bytes), progress)
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(values, 1, 0), 1, view.axis + 1))


@dataclass(frozen=True, eq=False)
class _View:
    """A volume with its longest axis first, padded to at least one window.

    Attributes:
        inside: where the volume lies in the padded one; source: its size.
    """

    axis: int
    padded: NDArray[np.float32]
    inside: tuple[slice, ...]
    source: tuple[int, ...]
    window: tuple[int, ...]
    corners: list[tuple[int, ...]]

    @classmethod
    def of(cls, volume: NDArray[np.float32], window: tuple[int, ...], overlap: float) -> "_View":
        axis = int(np.argmax(volume.shape[1:]))
        turned, own = np.moveaxis(volume, axis + 1, 1), _mover(axis)(window)
        padded, inside = _pad(turned, own)
        return cls(axis, padded, inside, turned.shape[1:], own, window_corners(padded.shape[1:], own, overlap))

    def turn(self, values: tuple[int, ...]) -> tuple[int, ...]:
        return _mover(self.axis)(values)

    def work(
        self,
        predict: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        outputs: int,
        *,
        divides: bool,
    ) -> Pass:
        axis = self.axis

        def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.moveaxis(predict(np.moveaxis(batch, 2, axis + 2)), axis + 2, 2)

        return Pass(self.padded, run, outputs, self.window, self.corners, divides)


def _fill(out: NDArray, work: Pass, view: _View, keep: Keep, progress: Callable[[int, int], None]) -> None:
    """Write what is kept into ``out`` ``(I, [O,] J[, K])``, block by block of J."""
    inside, source = view.inside, view.source
    across = out.shape[1 - len(source) :]
    resamples = (len(out), *across) != source
    matrices = [linear_matrix(n, m) for n, m in zip(source[1:], across, strict=True)]
    edges = np.linspace(0, across[0], work.blocks() + 1).round().astype(int)
    spans = [_span(matrices[0][first:last]) for first, last in pairwise(edges)]
    offset = inside[1].start
    corners = [work.across(low + offset, high + offset) for low, high in spans]
    counter = count(1)
    total = sum(map(len, corners))
    for (first, last), (low, high), own in zip(pairwise(edges), spans, corners, strict=True):
        slabs = _slabs(work, own, (low + offset, high + offset), lambda: progress(next(counter), total))
        kept = _unpadded(slabs, (inside[0], slice(None), *inside[2:]))
        part = out[(..., slice(first, last), *[slice(None)] * (len(source) - 2))]
        if not resamples:
            for start, slab in kept:
                part[start : start + slab.shape[1]] = keep.slab(slab)
        else:
            block = [matrices[0][first:last, low:high], *matrices[1:]]
            _fill_resampled(part, kept, block, source[0], keep)


def _span(matrix: NDArray[np.float32]) -> tuple[int, int]:
    """Return the first and last (exclusive) column that the rows of a matrix use."""
    used = np.flatnonzero(matrix.any(axis=0))
    return int(used[0]), int(used[-1]) + 1


def _mover(axis: int) -> Callable[[tuple[int, ...]], tuple[int, ...]]:
    def move(values: tuple[int, ...]) -> tuple[int, ...]:
        rest = list(values)
        first = rest.pop(axis)
        return (first, *rest)

    return move


def _pad(volume: NDArray[np.float32], window: tuple[int, ...]) -> tuple[NDArray[np.float32], tuple[slice, ...]]:
    """Return the volume, centred in at least one window and filled with each channel's minimum, and where it lies."""
    missing = [max(0, w - n) for n, w in zip(volume.shape[1:], window, strict=True)]
    inside = tuple(slice(m // 2, m // 2 + n) for m, n in zip(missing, volume.shape[1:], strict=True))
    if not any(missing):
        return volume, inside
    size = [n + m for n, m in zip(volume.shape[1:], missing, strict=True)]
    lowest = volume.min(axis=tuple(range(1, volume.ndim)), keepdims=True)
    padded = np.broadcast_to(lowest, (volume.shape[0], *size)).copy()
    padded[(slice(None), *inside)] = volume
    return padded, inside


def _slabs(
    work: Pass, corners: list[tuple[int, ...]], columns: tuple[int, int], tick: Callable[[], None]
) -> Iterator[Slab]:
    """Yield finished slabs of some columns of axis 1 (first and last, exclusive), from first to last."""
    window, (low, high) = work.window, columns
    weights, across = gaussian(window), (high - low, *work.volume.shape[3:])
    weights *= np.float32(work.scale)
    rows = [(start, list(group)) for start, group in groupby(corners, key=lambda corner: corner[0])]
    sums = np.zeros((work.outputs, window[0], *across), work.kind)
    total = np.zeros((window[0], *across), np.float32)
    for number, (start, group) in enumerate(rows):
        for corner in group:
            where = tuple(slice(c, c + w) for c, w in zip(corner, window, strict=True))
            values = work.predict(work.volume[(slice(None), *where)][None])[0]
            values *= weights
            taken = slice(max(0, low - corner[1]), min(window[1], high - corner[1]))
            place = (slice(taken.start + corner[1] - low, taken.stop + corner[1] - low), *where[2:])
            part = sums[(slice(None), slice(None), *place)]
            np.add(part, values[:, :, taken], out=part, casting="same_kind")  # in float32: half has no fast sums
            total[(slice(None), *place)] += weights[:, taken]
            tick()
        following = rows[number + 1][0] if number + 1 < len(rows) else start + window[0]
        finished = following - start
        yield start, _divide(sums[:, :finished], total[:finished]) if work.divides else sums[:, :finished]
        for array, ax in ((sums, 1), (total, 0)):
            _shift(array, finished, ax)


def _best(values: NDArray) -> NDArray[np.integer]:
    """Return the best class of ``(O, …)``, none below 0; half precision as integers, whose order is the same.

    Numpy compares half precision one number after the other: as integers it takes a quarter of the time.
    """
    return (values.view(np.uint16) if values.dtype == np.float16 else values).argmax(0)


def _slab_bytes(values: NDArray) -> NDArray[np.uint8]:
    """Return values ``(O, slices, …)`` as bytes ``(slices, O, …)``."""
    return np.moveaxis(_bytes(values), 1, 0)


def _slice_bytes(before: NDArray | None, plane: NDArray, share: float) -> NDArray[np.uint8]:
    """Return ``(1 - share) before + share plane`` as bytes."""
    return _bytes(plane if before is None or share == 1.0 else before * (1 - share) + plane * share)


def _bytes(values: NDArray) -> NDArray[np.uint8]:
    return np.clip(np.rint(values * np.float32(FULL)), 0, FULL).astype(np.uint8)


def _divide(sums: NDArray, total: NDArray[np.float32]) -> NDArray:
    """Divide in place, one class at a time, so that no second copy of all classes arises."""
    for number in range(len(sums)):
        sums[number] /= total
    return sums


def _shift(array: NDArray, count: int, axis: int) -> None:
    """Move the content ``count`` towards the start of an axis and clear what is left behind, in place."""
    moved = np.moveaxis(array, axis, 0)
    keep = len(moved) - count
    for i in range(keep):
        moved[i] = moved[i + count]
    moved[keep:] = 0


def _unpadded(slabs: Iterator[Slab], inside: tuple[slice, ...]) -> Iterator[Slab]:
    """Cut the padding off, along the slabs too."""
    first, last = inside[0].start, inside[0].stop
    for start, slab in slabs:
        low, high = max(first, start), min(last, start + slab.shape[1])
        if low < high:
            yield low - first, slab[(slice(None), slice(low - start, high - start), *inside[1:])]


def _fill_resampled(
    out: NDArray, slabs: Iterator[Slab], matrices: list[NDArray[np.float32]], depth: int, keep: Keep
) -> None:
    """Write what is kept of ``depth`` slices on the wanted grid, edges of both grids coinciding."""
    wanted = _positions(depth, len(out))
    next_out, before = 0, None
    for index, values in _slices(slabs):
        plane = _resample_plane(values, matrices)
        while next_out < len(out) and (wanted[next_out] <= index or index == depth - 1):
            share = float(np.clip(wanted[next_out] - (index - 1), 0, 1)) if before is not None else 1.0
            out[next_out] = keep.slice(before, plane, share)
            next_out += 1
        before = plane


def _slices(slabs: Iterator[Slab]) -> Iterator[tuple[int, NDArray]]:
    for start, slab in slabs:
        for i in range(slab.shape[1]):
            yield start + i, slab[:, i]


def _positions(source: int, target: int) -> NDArray[np.float64]:
    """Return where each target voxel's centre lies in source voxels.

    Multiplied before it is divided, so that a whole position is exactly whole: its slice then waits for no other.
    """
    return (np.arange(target) + 0.5) * source / target - 0.5


def linear_matrix(source: int, target: int) -> NDArray[np.float32]:
    """Return the ``(target, source)`` matrix of linear interpolation, edges coinciding, border repeated."""
    return interpolation(_positions(source, target), source)


def _resample_plane(values: NDArray, matrices: list[NDArray[np.float32]]) -> NDArray:
    """Return class values ``(O, J[, K])`` on the wanted in-plane grid, in their own number type."""
    out = np.empty((len(values), *(len(m) for m in matrices)), values.dtype)
    for number, one in enumerate(values):
        plane = matrices[0] @ one.astype(np.float32)
        out[number] = plane @ matrices[1].T if len(matrices) == 2 else plane
    return out


def _best_of_two(before: NDArray | None, plane: NDArray, share: float) -> NDArray[np.intp]:
    """Return the best class of ``(1 - share) before + share plane``, holding one mixed class at a time."""
    if before is None or share == 1.0:
        return plane.argmax(0)
    best = np.zeros(plane.shape[1:], np.intp)
    highest = np.full(plane.shape[1:], -np.inf, np.float32)
    for number in range(len(plane)):
        mixed = before[number].astype(np.float32) * (1 - share) + plane[number].astype(np.float32) * share
        better = mixed > highest
        best[better], highest[better] = number, mixed[better]
    return best
