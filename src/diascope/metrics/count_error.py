"""Mean absolute error of a case's number of findings."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's mean over cases, of predicted minus reference boxes, absolute."""
    error = np.abs(scores.counts - scores.references)
    per_class = scores.weight @ error / max(scores.weight.sum(), 1.0)
    return float(per_class.mean()), per_class


METRIC = Metric(
    "count_error",
    "Count error (MAE)",
    "boxes",
    unit="",
    higher_is_better=False,
    bounds=(0.0, float("inf")),
    compute=compute,
    explained="by how much the number of findings of a case is wrong, on average",
)
