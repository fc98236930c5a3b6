"""Generated regions on which the IBSI measures are held against another program, by formulas alone (no random numbers).

``ibsi_mirp.py`` hands the same arrays to the other program, in an environment of its own.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Case:
    """One region: ``image`` and ``mask`` of shape ``(I, J[, K])``, edges in mm, and how it is discretised."""

    image: NDArray[np.float64]
    mask: NDArray[np.bool_]
    spacing_mm: tuple[float, ...]
    unit: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


MARGIN = (7, 5, 3)
"""Voxels around the lesion: a ball of 1 cm³ around any of its voxels lies in the image (mirp repeats the voxels at an
image's border, where the manual counts those that there are)."""

OPEN_RANGE = {"bin_width": 1.0, "intensity_range": (9.0, None)}


def _grid(*shape: int) -> tuple[NDArray[np.int64], ...]:
    return tuple(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"))


def _noise(*index: NDArray[np.int64], below: int) -> NDArray[np.int64]:
    """Return whole numbers from 0 that show no pattern: a multiplicative hash of the voxel's indices."""
    factors = (73856093, 19349663, 83492791)
    mixed = sum(axis * factor for axis, factor in zip(index, factors, strict=False)) % 1000003
    return (mixed * mixed % 10007) % below


def small() -> Case:
    """A block as small as the digital phantom, of six levels, with a hole and a notch."""
    i, j, k = _grid(5, 4, 4)
    image = 1 + (_noise(i, j, k, below=4) + (i > 2) * 2).astype(np.float64)
    mask = np.ones(image.shape, bool)
    mask[2, 1, 1] = mask[4, 3, :2] = mask[0, 0, 3] = False
    return Case(image, mask, (2.0, 2.0, 2.0), "HU", {"bin_width": 1.0})


def lesion() -> Case:
    """An anisotropic hollow body in quarter units, with voxels far from it and some out of the range."""
    i, j, k = (axis - margin for axis, margin in zip(_grid(33, 26, 17), MARGIN, strict=True))
    x, y, z = (i - 8.2) * 0.9, (j - 7.4) * 1.3, (k - 4.6) * 2.5
    radius = np.sqrt((x / 6.6) ** 2 + (y / 7.8) ** 2 + (z / 9.5) ** 2)
    image = np.round(4 * (90 * np.cos(0.7 * x) * np.sin(0.5 * y + 0.3 * z) + _noise(i, j, k, below=120) - 30)) / 4
    mask = (radius < 1) & (radius > 0.3) & ~((x > 2) & (y > 3) & (z > 0))
    for far in ((18, 15, 0), (0, 0, 10), (0, 1, 10), (0, 2, 10), (0, 0, 6)):
        mask[tuple(np.add(far, MARGIN))] = True
    options = {"bin_width": 25.0, "intensity_range": (-200.0, 110.0), "ivh_bin_width": 2.5}
    return Case(image, mask, (0.9, 1.3, 2.5), "HU", options)


def uptake() -> Case:
    """A body of a quantity without a scale, in 16 bins of its own range."""
    i, j, k = _grid(15, 14, 9)
    x, y, z = (i - 7) * 2.0, (j - 6.5) * 2.0, (k - 4) * 3.0
    body = np.exp(-(x**2 + 1.5 * y**2 + z**2 - x * y) / 150) + 0.4 * np.exp(-((x - 6) ** 2 + (y + 4) ** 2) / 20)
    image = np.round(4096 * (8 * body + _noise(i, j, k, below=64) / 50)) / 4096
    mask = (np.abs(x) + np.abs(y) + np.abs(z) < 20) & ((i + 2 * j + 3 * k) % 13 > 0)
    return Case(image, mask, (2.0, 2.0, 3.0), None, {"bin_count": 16})


def plane() -> Case:
    """A picture: two axes, ten levels, a ring."""
    i, j = _grid(24, 21)
    image = 10.0 + (_noise(i, j, below=5) + (i + j) // 8).astype(np.float64)
    distance = np.hypot(i - 11, j - 10)
    return Case(image, (distance < 9) & (distance > 2), (0.5, 0.5), "HU", OPEN_RANGE)


CASES = {"small": small, "lesion": lesion, "uptake": uptake, "plane": plane}
