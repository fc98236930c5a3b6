"""Sensitivity at one false positive a case: one point of the FROC curve."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric
from diascope.metrics._boxes import sensitivity_at


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's value; nan for classes without a reference box."""
    per_class = np.array([sensitivity_at(scores, label, (1.0,))[0] for label in range(scores.classes)])
    known = per_class[~np.isnan(per_class)]
    return (float(known.mean()) if known.size else float("nan")), per_class


METRIC = Metric(
    "sensitivity_at_1",
    "Sensitivity at 1 false positive a case",
    "boxes",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of the reference boxes that is found where one false finding a case is accepted",
)
