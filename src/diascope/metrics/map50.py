"""Mean average precision of boxes at an intersection over union of .5."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric
from diascope.metrics._boxes import mean_average_precision


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's value; nan for classes without a reference box."""
    return mean_average_precision(scores, slice(0, 1))


METRIC = Metric(
    "map50",
    "mAP at IoU .5",
    "boxes",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="how well boxes are ranked and placed: precision averaged over recall, a box counting where it overlaps "
    "its reference by half; 1 is perfect",
)
