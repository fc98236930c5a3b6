"""Which cases and patches a step sees: a function of seed, step and rank alone, so that resuming repeats it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diascope.train.store import Sample, Store
from diascope.transforms.boxes import cut_boxes

KEPT_ORDERS = 8


@dataclass(frozen=True)
class Batches:
    """The batches of one training, by step; a map-style data set for ``torch.utils.data.DataLoader``.

    Attributes:
        patch: voxels along each axis; batch: cases a step and process.
        foreground: share of patches centred on a foreground voxel, its class drawn evenly.
        balance: 0 draws each case once an epoch; 1 draws classes evenly; between, by a power of their share.
        rank, world: this process of how many.
        orders: of the last epochs, kept because drawing them takes time.
    """

    store: Store
    patch: tuple[int, ...]
    batch: int
    seed: int
    foreground: float = 0.0
    balance: float = 0.0
    rank: int = 0
    world: int = 1
    orders: dict[int, NDArray[np.intp]] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, step: int) -> tuple[NDArray[np.float32], NDArray]:
        """Return images ``(B, C, *patch)``, targets ``(B, *patch)`` int64, ``(B, O)`` or ``(B, M, 2 n + 1)`` float32.

        Boxes are padded with rows of nan to as many as the fullest patch shows, at least one.

        Raises:
            RuntimeError: a mapped file cannot be read; the case is named.
        """
        rng = np.random.default_rng([self.seed, step, self.rank, 1])
        first = (step * self.world + self.rank) * self.batch
        drawn = [self._draw(self.store.samples[self._case(first + i)], rng) for i in range(self.batch)]
        images, targets = zip(*drawn, strict=True)
        if self.store.form == "boxes":
            return np.stack(images), _padded(targets)
        return np.stack(images), np.stack(targets).astype(np.int64 if self.store.is_map else np.float32)

    def _case(self, position: int) -> int:
        """Return the case at a position of the endless sequence of epochs."""
        epoch, place = divmod(position, len(self.store))
        return int(epoch_order(self, epoch)[place])

    def _draw(self, sample: Sample, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray]:
        try:
            if self.store.form == "vector":
                return np.asarray(sample.array), sample.target
            corner = self._corner(sample, rng)
            if self.store.form == "boxes":
                return cut(sample.array, corner, self.patch), cut_boxes(sample.target, corner, self.patch)
            return cut(sample.array, corner, self.patch), cut(sample.target[None], corner, self.patch, fill=0)[0]
        except (OSError, ValueError) as error:
            error.add_note(f"case {sample.case_id}")
            raise

    def _corner(self, sample: Sample, rng: np.random.Generator) -> list[int]:
        """Return the first voxel of a patch; it lies outside where the image is smaller than the patch."""
        shape = sample.array.shape[1:]
        centre = None
        if sample.foreground and rng.random() < self.foreground:
            voxels = sample.foreground[int(rng.choice(list(sample.foreground)))]
            centre = voxels[rng.integers(len(voxels))]
        corner = []
        for axis, (n, p) in enumerate(zip(shape, self.patch, strict=True)):
            if n <= p:
                corner.append(-((p - n) // 2))
            elif centre is None:
                corner.append(int(rng.integers(n - p + 1)))
            else:
                corner.append(int(np.clip(centre[axis] - p // 2 + rng.integers(-p // 4, p // 4 + 1), 0, n - p)))
        return corner


def _padded(targets: Sequence[NDArray]) -> NDArray[np.float32]:
    """Return boxes of all samples ``(B, M, 2 n + 1)``."""
    out = np.full((len(targets), max(1, *map(len, targets)), targets[0].shape[1]), np.nan, np.float32)
    for row, boxes in zip(out, targets, strict=True):
        row[: len(boxes)] = boxes
    return out


def epoch_order(batches: Batches, epoch: int) -> NDArray[np.intp]:
    """Return the cases of one epoch in their order: a permutation, or drawn by class where classes are balanced."""
    if epoch not in batches.orders:
        if len(batches.orders) > KEPT_ORDERS:
            batches.orders.clear()
        rng = np.random.default_rng([batches.seed, epoch, 2])
        count = len(batches.store)
        if batches.balance <= 0 or batches.store.form != "vector":
            batches.orders[epoch] = rng.permutation(count)
        else:
            batches.orders[epoch] = rng.permutation(_systematic(case_weights(batches.store, batches.balance), rng))
    return batches.orders[epoch]


def case_weights(store: Store, balance: float) -> NDArray[np.float64]:
    """Return how often each case is to be drawn, mean 1: its class's share to the power ``-balance``."""
    targets = np.stack([np.nan_to_num(s.target) for s in store.samples])
    share = targets.mean(0).clip(1 / len(targets))
    weights = (targets * share**-balance).sum(1)
    weights[weights == 0] = 1.0  # a case without a class teaches nothing but may stay
    return weights / weights.mean()


def _systematic(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return as many indices as there are weights, each as often as its weight, up to rounding."""
    edges = np.cumsum(weights / weights.sum())
    return np.searchsorted(edges, (np.arange(len(weights)) + rng.random()) / len(weights)).clip(0, len(weights) - 1)


def cut(array: NDArray, corner: list[int], size: tuple[int, ...], fill: float | None = None) -> NDArray:
    """Return ``(C, *size)`` from a corner; outside stands ``fill``, or each channel's minimum inside the patch."""
    inside = tuple(slice(max(0, c), min(n, c + s)) for c, s, n in zip(corner, size, array.shape[1:], strict=True))
    part = np.asarray(array[(slice(None), *inside)])
    if part.shape[1:] == tuple(size):
        return part
    value = fill if fill is not None else part.min(axis=tuple(range(1, part.ndim)), keepdims=True)
    out = np.empty((len(array), *size), array.dtype)
    out[:] = value
    place = tuple(slice(i.start - c, i.stop - c) for i, c in zip(inside, corner, strict=True))
    out[(slice(None), *place)] = part
    return out
