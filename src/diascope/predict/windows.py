"""Overlapping windows over a grid, and the Gaussian that blends them (Isensee et al. 2021)."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

SIGMA_SHARE = 1 / 8
"""Standard deviation of the blending Gaussian as a share of the window's edge."""


def window_starts(size: int, window: int, overlap: float) -> list[int]:
    """Return where windows begin along one axis: evenly spread, covering it, overlapping by at least ``overlap``.

    Example:
        >>> window_starts(10, 4, 0.5)
        [0, 2, 4, 6]
    """
    if size <= window:
        return [0]
    step = max(1, int(window * (1 - overlap)))
    count = -(-(size - window) // step) + 1
    return [round(i * (size - window) / (count - 1)) for i in range(count)]


def window_corners(shape: tuple[int, ...], window: tuple[int, ...], overlap: float) -> list[tuple[int, ...]]:
    """Return the first voxel of each window, the first axis changing slowest."""
    return list(product(*(window_starts(n, w, overlap) for n, w in zip(shape, window, strict=True))))


def gaussian(window: tuple[int, ...]) -> NDArray[np.float32]:
    """Return blending weights of a window, 1 in its middle and nowhere below 1e-3."""
    weights = np.ones((), np.float32)
    for n in window:
        position = (np.arange(n) - (n - 1) / 2) / max(n * SIGMA_SHARE, 1e-6)
        weights = np.multiply.outer(weights, np.exp(-0.5 * position**2).astype(np.float32))
    return np.maximum(weights / weights.max(), 1e-3).astype(np.float32)
