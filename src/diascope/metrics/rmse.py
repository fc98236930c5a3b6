"""Root of the mean squared error."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the root of the mean squared error, in the target's unit; nan without any reference."""
    return float(np.sqrt(numbers.mean((numbers.prediction - numbers.reference) ** 2)))


METRIC = Metric(
    "rmse",
    "Root mean squared error",
    "numbers",
    unit="",
    higher_is_better=False,
    bounds=(0.0, np.inf),
    compute=compute,
    explained="as the mean error, with large errors counting more",
    in_target_unit=True,
)
