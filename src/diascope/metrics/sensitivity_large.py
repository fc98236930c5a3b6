"""Sensitivity for the large third of all reference boxes, at the operating point."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric
from diascope.metrics._boxes import sensitivity_of_size


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's value; nan for classes without such a box."""
    return sensitivity_of_size(scores, 2)


METRIC = Metric(
    "sensitivity_large",
    "Sensitivity, large",
    "boxes",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of the large third of the reference boxes, by their size, that is found",
)
