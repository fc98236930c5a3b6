"""Harmonic mean of precision and recall."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide
from diascope.metrics._counts import count


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return ``2 TP / (2 TP + FP + FN)`` at the operating point.

    Undefined (nan) for a class that neither the reference nor the decision ever names.
    """
    counts = count(scores)
    return average(divide(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn), scores)


METRIC = Metric(
    "f1",
    "F1 at the operating point",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="balance of sensitivity and precision; 1 is perfect",
)
