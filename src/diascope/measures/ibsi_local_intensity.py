"""Peaks: the mean over a ball of 1 cm³ around a voxel (IBSI 9ST6)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_levels import ARBITRARY, RANGE, answer, intensities

FEATURES = {"local_peak": "VJGA", "global_peak": "0F91"}
RADIUS_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)
"""A ball of 1 cm³."""

ALMOST = 1e-9
"""Two means are equal up to this part of the largest value: what rounding of the transforms leaves."""


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the mean around the voxel with the highest value, and the highest mean around any voxel of the region.

    A ball has the voxels whose centres lie within 6.2 mm of its own, in the region or not; those that the image does
    not have, or that hold no number, are left out. Of several voxels with the highest value the highest mean counts.
    """
    units = dict.fromkeys((f"loc_{name}" for name in FEATURES), region.unit or ARBITRARY)

    def found() -> dict[str, float | str]:
        values, kept = intensities(region, options)
        return _peaks(np.asarray(region.image), values, kept, np.asarray(region.spacing_mm))

    return answer(units, found)


def _peaks(
    image: NDArray, values: NDArray[np.float64], kept: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> dict[str, float | str]:
    reach = np.floor(RADIUS_MM / spacing).astype(int)
    box = []
    for axis, r in enumerate(reach):
        filled = np.flatnonzero(kept.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(max(0, filled[0] - r), filled[-1] + r + 1))
    around, inside = image[tuple(box)].astype(np.float64), kept[tuple(box)]
    steps = np.meshgrid(*(np.arange(-r, r + 1) * s for r, s in zip(reach, spacing, strict=True)), indexing="ij")
    ball = sum(s**2 for s in steps) <= RADIUS_MM**2
    mean = _means(around, ball)[inside]
    places = np.argwhere(inside)
    top = np.flatnonzero(values == values.max())
    level = ALMOST * np.abs(values).max()
    found = []
    for among in (top, np.arange(len(places))):
        best = among[mean[among] >= mean[among].max() - level][0]
        found.append(_mean_around(around, ball, places[best]))
    return {f"loc_{name}": value for name, value in zip(FEATURES, found, strict=True)}


def _means(image: NDArray[np.float64], ball: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean around every voxel, up to the rounding of the Fourier transforms."""
    from scipy.fft import irfftn, next_fast_len, rfftn

    shape = [int(next_fast_len(n + b - 1, real=True) or 0) for n, b in zip(image.shape, ball.shape, strict=True)]
    middle = tuple(slice(b // 2, b // 2 + n) for n, b in zip(image.shape, ball.shape, strict=True))
    kernel = np.asarray(rfftn(ball.astype(np.float64), shape))

    def around(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(irfftn(np.asarray(rfftn(array, shape)) * kernel, shape))[middle]

    known = np.isfinite(image)
    number = np.rint(around(known.astype(np.float64)))
    return around(np.where(known, image, 0.0)) / np.maximum(number, 1)


def _mean_around(image: NDArray[np.float64], ball: NDArray[np.bool_], place: NDArray[np.int64]) -> float:
    """Return the mean around one voxel, summed directly."""
    index = np.argwhere(ball) - np.array(ball.shape) // 2 + place
    index = index[((index >= 0) & (index < image.shape)).all(axis=1)]
    values = image[tuple(index.T)]
    return float(values[np.isfinite(values)].mean())


MEASURE = Measure(
    "ibsi_local_intensity",
    "Local and global intensity peak (IBSI)",
    ndims=(3,),
    needs_spacing=True,
    needs_image=True,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: dict.fromkeys((f"loc_{n}" for n in FEATURES), options.get("unit") or ARBITRARY),
    options=(RANGE,),
)
