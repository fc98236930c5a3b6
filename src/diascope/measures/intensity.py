"""Statistics of the image's values inside a structure."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from diascope.core.ports.measure import Measure, Quantity, Region

PERCENTILES = (5, 25, 50, 75, 95)
ARBITRARY = "a.u."
"""The unit that stands where the image's own is not known."""

NAMES = ("mean", "sd", "min", *(f"p{p:02d}" for p in PERCENTILES), "max")


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return mean, standard deviation (of all voxels, not of a sample), extremes and percentiles in the image's unit.

    Percentiles are interpolated between voxels. Undefined (nan) where a voxel of the region holds no number.
    """
    unit = region.unit or ARBITRARY
    values = np.asarray(region.image)[region.mask].astype(np.float64)
    broken = int(np.count_nonzero(~np.isfinite(values)))
    if broken:
        why = f"{broken} of {len(values)} voxels of the region hold no number"
        return {name: Quantity(math.nan, unit, why=why) for name in NAMES}
    numbers = (values.mean(), values.std(), values.min(), *np.percentile(values, PERCENTILES), values.max())
    return {name: Quantity(float(value), unit) for name, value in zip(NAMES, numbers, strict=True)}


def names(ndim: int, options: Mapping[str, Any]) -> dict[str, str]:
    """Return the names with the image's unit."""
    return dict.fromkeys(NAMES, options.get("unit") or ARBITRARY)


MEASURE = Measure(
    "intensity",
    "Mean, standard deviation, extremes and percentiles of the image's values",
    ndims=(2, 3),
    needs_spacing=False,
    needs_image=True,
    units=(),
    is_standard=True,
    compute=compute,
    names=names,
)
