"""Share of references that lie in the interval told with each prediction."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the share of references within their intervals, ends included, of the cases that have one.

    An interval of 90 % should give 0.9 within the sampling error. Undefined (nan) where no case has an interval.
    """
    told = np.isfinite(numbers.low) & np.isfinite(numbers.high)
    weight = numbers.weight * told
    inside = (numbers.reference >= numbers.low) & (numbers.reference <= numbers.high)
    return float(weight @ inside / weight.sum()) if weight.sum() else float("nan")


METRIC = Metric(
    "coverage",
    "Coverage of the intervals",
    "numbers",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of references within the interval told with the prediction; it should be what that promises",
)
