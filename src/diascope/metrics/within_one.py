"""Share of cases at most one grade off."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the share of cases whose prediction is at most 1 from the reference; nan without any reference."""
    return numbers.mean(np.abs(numbers.prediction - numbers.reference) <= 1)


METRIC = Metric(
    "within_one",
    "At most one grade off",
    "numbers",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of cases at most one grade off",
)
