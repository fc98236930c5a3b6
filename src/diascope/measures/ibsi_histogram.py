"""Statistics of a region's grey levels and the steepness of their histogram (IBSI ZVCW)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_levels import LEVEL_OPTIONS, answer, discretise, intensities, level_defaults
from diascope.measures._ibsi_values import statistics

FEATURES = {
    "mean": "X6K6",
    "variance": "CH89",
    "skewness": "88K1",
    "kurtosis": "C3I7",
    "median": "WIFQ",
    "minimum": "1PR8",
    "percentile_10": "GPMT",
    "percentile_90": "OZ0C",
    "maximum": "3NCY",
    "mode": "AMMC",
    "interquartile_range": "WR0O",
    "range": "5Z3W",
    "mean_absolute_deviation": "D2ZX",
    "robust_mean_absolute_deviation": "WRZB",
    "median_absolute_deviation": "4RNL",
    "coefficient_of_variation": "CWYJ",
    "quartile_coefficient_of_dispersion": "SLWD",
    "entropy": "TLU2",
    "uniformity": "BJ5W",
    "maximum_gradient": "12CE",
    "maximum_gradient_level": "8E6O",
    "minimum_gradient": "VQB3",
    "minimum_gradient_level": "RHQZ",
}
UNITS = {f"ih_{name}": "" for name in FEATURES}


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the statistics of levels, the mode nearest to their mean, entropy in bits, uniformity and gradients.

    Undefined as in ``statistics``, and gradients of a histogram that has a single level.
    """

    def found() -> dict[str, float | str]:
        levels, count = discretise(intensities(region, options)[0], options)
        numbers = np.bincount(levels, minlength=count + 1)[1:].astype(np.float64)
        share = numbers[numbers > 0] / numbers.sum()
        values = statistics(levels) | {
            "mode": _mode(numbers, float(levels.mean())),
            "entropy": float(-(share * np.log2(share)).sum()),
            "uniformity": float((share**2).sum()),
        }
        return {f"ih_{name}": value for name, value in (values | _gradients(numbers)).items()}

    return answer(UNITS, found)


def _mode(numbers: np.ndarray, mean: float) -> float:
    """Return the most frequent level; of several the one nearest to the mean, and the lower of two as near."""
    modes = np.flatnonzero(numbers == numbers.max()) + 1
    return float(modes[np.abs(modes - mean).argmin()])


def _gradients(numbers: np.ndarray) -> dict[str, float | str]:
    names = ("maximum_gradient", "maximum_gradient_level", "minimum_gradient", "minimum_gradient_level")
    if len(numbers) < 2:
        return dict.fromkeys(names, "the histogram has a single level")
    slope = np.gradient(numbers)
    values = (slope.max(), slope.argmax() + 1, slope.min(), slope.argmin() + 1)
    return {name: float(value) for name, value in zip(names, values, strict=True)}


MEASURE = Measure(
    "ibsi_histogram",
    "Histogram of grey levels (IBSI)",
    ndims=(2, 3),
    needs_spacing=False,
    needs_image=True,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
    options=LEVEL_OPTIONS,
    defaults=level_defaults,
)
