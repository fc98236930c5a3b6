"""Statistics of a region's values (IBSI UHIW)."""

from collections.abc import Mapping
from typing import Any

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_levels import ARBITRARY, RANGE, answer, intensities
from diascope.measures._ibsi_values import statistics

FEATURES = {
    "mean": "Q4LE",
    "variance": "ECT3",
    "skewness": "KE2A",
    "kurtosis": "IPH6",
    "median": "Y12H",
    "minimum": "1GSF",
    "percentile_10": "QG58",
    "percentile_90": "8DWT",
    "maximum": "84IY",
    "interquartile_range": "SALO",
    "range": "2OJQ",
    "mean_absolute_deviation": "4FUA",
    "robust_mean_absolute_deviation": "1128",
    "median_absolute_deviation": "N72L",
    "coefficient_of_variation": "7TET",
    "quartile_coefficient_of_dispersion": "9S40",
    "energy": "N8CA",
    "root_mean_square": "5ZWQ",
}
POWERS = {"variance": "²", "energy": "²"}
PLAIN = ("skewness", "kurtosis", "coefficient_of_variation", "quartile_coefficient_of_dispersion")


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the statistics of the values within the range; undefined cases are those of ``statistics``.

    Energy is the sum of squares over the voxels, so it grows with their number.
    """
    units = _units(region.unit)
    return answer(units, lambda: {f"stat_{n}": v for n, v in statistics(intensities(region, options)[0]).items()})


def names(ndim: int, options: Mapping[str, Any]) -> dict[str, str]:
    """Return the names with the image's unit, its square for variance and energy."""
    return _units(options.get("unit"))


def _units(unit: str | None) -> dict[str, str]:
    of_image = unit or ARBITRARY
    return {f"stat_{n}": "" if n in PLAIN else of_image + POWERS.get(n, "") for n in FEATURES}


MEASURE = Measure(
    "ibsi_statistics",
    "Statistics of the values (IBSI)",
    ndims=(2, 3),
    needs_spacing=False,
    needs_image=True,
    units=(),
    is_standard=False,
    compute=compute,
    names=names,
    options=(RANGE,),
)
