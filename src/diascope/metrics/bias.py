"""Mean signed error."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return prediction - reference on average, in the target's unit; nan without any reference.

    Source: Bland and Altman, Lancet 327, 1986, the mean difference.
    """
    return numbers.mean(numbers.prediction - numbers.reference)


METRIC = Metric(
    "bias",
    "Mean difference",
    "numbers",
    unit="",
    higher_is_better=False,
    bounds=(-np.inf, np.inf),
    compute=compute,
    explained="how much too high predictions are on average; 0 is none",
    in_target_unit=True,
)
