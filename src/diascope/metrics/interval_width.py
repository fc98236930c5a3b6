"""How wide the intervals are that are told with the predictions."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the mean width of the intervals in the target's unit; nan where no case has one."""
    told = np.isfinite(numbers.low) & np.isfinite(numbers.high)
    weight = numbers.weight * told
    width = np.where(told, numbers.high - numbers.low, 0.0)
    return float(weight @ width / weight.sum()) if weight.sum() else float("nan")


METRIC = Metric(
    "interval_width",
    "Mean width of the intervals",
    "numbers",
    unit="",
    higher_is_better=False,
    bounds=(0.0, np.inf),
    compute=compute,
    explained="how wide the told intervals are on average",
    in_target_unit=True,
)
