"""How deep a network goes over a patch, and how wide its levels are."""

from collections.abc import Sequence
from math import prod

LEAST_LEVELS, MOST_LEVELS = 3, 7
"""Of a U-Net: MONAI's needs three; a tiny image gets levels that do not halve it."""


def unet_levels(patch: Sequence[int], steps: Sequence[float]) -> tuple[list[list[int]], list[list[int]]]:
    """Return kernels and strides of each level (Isensee et al. 2021).

    An axis is halved while it keeps at least 4 voxels and its spacing is below twice the finest; its kernel is 1
    until its spacing comes within twice the finest, then 3.
    """
    size, spacing = list(patch), list(steps)
    strides, kernels = [[1] * len(size)], []
    while True:
        finest = min(spacing)
        kernels.append([3 if s < 2 * finest else 1 for s in spacing])
        finest_poolable = min((s for s, n in zip(spacing, size, strict=True) if n >= 8), default=0.0)
        pool = [n >= 8 and s < 2 * finest_poolable for s, n in zip(spacing, size, strict=True)]
        if len(strides) == MOST_LEVELS or not (any(pool) or len(strides) < LEAST_LEVELS):
            return kernels, strides
        strides.append([2 if p else 1 for p in pool])
        size = [-(-n // 2) if p else n for n, p in zip(size, pool, strict=True)]
        spacing = [s * 2 if p else s for s, p in zip(spacing, pool, strict=True)]


def unet_features(base: int, levels: int, ndim: int) -> list[int]:
    """Return the channels of each level: doubled at each, up to ten times (3-D) or sixteen times (2-D) the base."""
    cap = base * (10 if ndim == 3 else 16)
    return [min(base * 2**level, cap) for level in range(levels)]


def multiples(strides: Sequence[Sequence[int]]) -> list[int]:
    """Return what a patch's edges must be multiples of."""
    return [prod(axis) for axis in zip(*strides, strict=True)]
