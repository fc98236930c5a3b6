"""Share of the positive cases that are found."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide
from diascope.metrics._counts import count


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return true positives over positives at the operating point; undefined (nan) without positive cases."""
    counts = count(scores)
    return average(divide(counts.tp, counts.tp + counts.fn), scores)


METRIC = Metric(
    "sensitivity",
    "Sensitivity at the operating point",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of the positive cases that are found",
)
