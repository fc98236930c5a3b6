"""Coefficient of determination."""

import numpy as np

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Numbers


def compute(numbers: Numbers) -> float:
    """Return the share of the references' variance that the predictions explain, about the references' own mean.

    Below 0 where the mean of the evaluated references would be nearer. Undefined (nan) where the references do not
    differ.
    """
    spread = numbers.mean((numbers.reference - numbers.mean(numbers.reference)) ** 2)
    error = numbers.mean((numbers.prediction - numbers.reference) ** 2)
    return 1 - error / spread if spread > 0 else float("nan")


METRIC = Metric(
    "r2",
    "Share of variance explained (R²)",
    "numbers",
    unit="",
    higher_is_better=True,
    bounds=(-np.inf, 1.0),
    compute=compute,
    explained="share of the differences between cases that the prediction explains; 1 is all",
)
