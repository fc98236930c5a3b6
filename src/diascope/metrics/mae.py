"""Mean absolute error."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return how far predictions lie from references on average, in the target's unit; nan without any reference."""
    return numbers.mean(np.abs(numbers.prediction - numbers.reference))


METRIC = Metric(
    "mae",
    "Mean absolute error",
    "numbers",
    unit="",
    higher_is_better=False,
    bounds=(0.0, np.inf),
    compute=compute,
    explained="how far a prediction is off on average",
    in_target_unit=True,
)
