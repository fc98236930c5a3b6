"""Which part of a region has at least a value, and which value a part reaches (IBSI P88C)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import OptionError
from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_levels import RANGE, answer, intensities, intensity_range

WIDTH = "ivh_bin_width"
BINS = 1000
"""Bins of an image whose values have no scale, as in configuration E of the manual."""

FEATURES = {
    "volume_fraction_at_10_intensity": "BC2M",
    "volume_fraction_at_90_intensity": "BC2M",
    "intensity_at_10_volume": "GBPN",
    "intensity_at_90_volume": "GBPN",
    "volume_fraction_difference_10_90": "DDTU",
    "intensity_difference_10_90": "CNV2",
}
WHOLE_UNITS = ("HU",)
"""Units whose values are whole numbers on the scanner: the bins are these numbers (manual, 3.5)."""


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return parts of the volume (0 to 1) at 10 and 90 % of the intensity range, and the values that parts reach.

    Values are binned: by ``ivh_bin_width``, where the centre of a bin stands for it; else HU by their whole numbers;
    else in 1000 bins of the region's range, whose number then stands for the value. The intensity range is
    ``intensity_range`` where it is given and the values have a scale, else that of the region.
    """

    def found() -> dict[str, float | str]:
        values = intensities(region, options)[0]
        return {f"ivh_{name}": value for name, value in _features(*_binned(values, region.unit, options)).items()}

    return answer(_units(region.unit, options), found)


def _binned(
    values: NDArray[np.float64], unit: str | None, options: Mapping[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the binned values, and all that there may be, rising."""
    width, (low, high) = _width(options), intensity_range(options)
    lowest = float(values.min()) if math.isinf(low) else low
    highest = float(values.max()) if math.isinf(high) else high
    if width is not None:
        bins = np.floor((values - lowest) / width)
        number = max(math.ceil((highest - lowest) / width), int(bins.max()) + 1)
        return lowest + (bins + 0.5) * width, lowest + (np.arange(number, dtype=np.float64) + 0.5) * width
    if unit in WHOLE_UNITS:
        return np.rint(values), np.arange(np.rint(lowest), np.rint(highest) + 1)
    if values.min() == values.max():
        return np.ones(len(values)), np.ones(1)
    scaled = BINS * (values - values.min()) / (values.max() - values.min())
    return np.minimum(np.floor(scaled) + 1, BINS), np.arange(1.0, BINS + 1)


def _features(values: NDArray[np.float64], grid: NDArray[np.float64]) -> dict[str, float]:
    """Return the features; ``part`` is the part of the volume that has at least each value of the grid."""
    part = 1 - np.searchsorted(np.sort(values), grid, side="left") / len(values)
    fraction = (grid - grid[0]) / (grid[-1] - grid[0]) if len(grid) > 1 else np.ones(1)
    volume = {x: float(part[fraction >= x / 100][0]) for x in (10, 90)}
    step = grid[1] - grid[0] if len(grid) > 1 else 1.0
    reached = {x: float(np.append(grid, grid[-1] + step)[np.append(part, 0.0) <= x / 100][0]) for x in (10, 90)}
    numbers = (volume[10], volume[90], reached[10], reached[90], volume[10] - volume[90], reached[10] - reached[90])
    return dict(zip(FEATURES, numbers, strict=True))


def _width(options: Mapping[str, Any]) -> float | None:
    width = options.get(WIDTH)
    if width is not None and not (isinstance(width, int | float) and 0 < width < math.inf):
        raise OptionError(f"{WIDTH} is no width", expected="a positive number in the image's unit", got=width)
    return width


def _units(unit: str | None, options: Mapping[str, Any]) -> dict[str, str]:
    has_scale = options.get(WIDTH) is not None or unit in WHOLE_UNITS
    of_value = (unit or "a.u.") if has_scale else ""
    return {f"ivh_{name}": of_value if name.startswith("intensity") else "" for name in FEATURES}


MEASURE = Measure(
    "ibsi_volume_histogram",
    "Intensity-volume histogram (IBSI)",
    ndims=(2, 3),
    needs_spacing=False,
    needs_image=True,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: _units(options.get("unit"), options),
    options=(RANGE, WIDTH),
)
