"""How values of classes become one value."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Scores


def average(per_class: NDArray[np.float64], scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return the positive class's value of a binary question, else the mean over defined classes; and the classes'.

    The mean over classes where the value is defined is how MedMNIST and scikit-learn's ``macro`` count.
    """
    if scores.is_binary:
        return float(per_class[1]), per_class
    return mean_of_defined(per_class), per_class


def mean_of_defined(values: NDArray[np.float64]) -> float:
    """Return the mean of all values that are not nan, or nan where there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def divide(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quotient, nan where the denominator is 0."""
    empty = denominator == 0
    return np.where(empty, np.nan, numerator / np.where(empty, 1.0, denominator))
