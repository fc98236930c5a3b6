"""Statistics that the values of a region and its grey levels have alike."""

import numpy as np
from numpy.typing import NDArray

FLAT = "all voxels of the region have one value"


def statistics(values: NDArray) -> dict[str, float | str]:
    """Return the statistics of values ``(N,)``; variance is that of all voxels, kurtosis 0 for a normal distribution.

    Percentiles are interpolated between voxels. Undefined: skewness and kurtosis of one value, the coefficient of
    variation around a mean of 0, the quartile coefficient where the quartiles add up to 0.
    """
    values = values.astype(np.float64)
    mean = float(values.mean())
    from_mean = values - mean
    variance = float((from_mean**2).mean())
    p10, p25, median, p75, p90 = (float(p) for p in np.percentile(values, (10, 25, 50, 75, 90)))
    middle = values[(values >= p10) & (values <= p90)]
    flat = float(values.min()) == float(values.max())
    return {
        "mean": mean,
        "variance": variance,
        "skewness": FLAT if flat else float((from_mean**3).mean() / variance**1.5),
        "kurtosis": FLAT if flat else float((from_mean**4).mean() / variance**2 - 3),
        "median": median,
        "minimum": float(values.min()),
        "percentile_10": p10,
        "percentile_90": p90,
        "maximum": float(values.max()),
        "interquartile_range": p75 - p25,
        "range": float(values.max() - values.min()),
        "mean_absolute_deviation": float(np.abs(from_mean).mean()),
        "robust_mean_absolute_deviation": float(np.abs(middle - middle.mean()).mean()),
        "median_absolute_deviation": float(np.abs(values - median).mean()),
        "coefficient_of_variation": variance**0.5 / mean if mean else "the mean is 0",
        "quartile_coefficient_of_dispersion": (p75 - p25) / (p75 + p25) if p75 + p25 else "the quartiles add up to 0",
        "energy": float((values**2).sum()),
        "root_mean_square": float((values**2).mean() ** 0.5),
    }
