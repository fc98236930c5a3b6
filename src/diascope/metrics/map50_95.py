"""Mean average precision of boxes over the intersections over union .5, .55 … .95 (Lin et al. 2014)."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric
from diascope.metrics._boxes import mean_average_precision


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's value; nan for classes without a reference box."""
    return mean_average_precision(scores, slice(None))


METRIC = Metric(
    "map50_95",
    "mAP at IoU .5 to .95",
    "boxes",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="the same averaged over stricter and stricter overlaps, up to .95: how exactly boxes are placed",
)
