"""Share of the negative cases that are left alone."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide
from diascope.metrics._counts import count


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return true negatives over negatives at the operating point; undefined (nan) without negative cases."""
    counts = count(scores)
    return average(divide(counts.tn, counts.tn + counts.fp), scores)


METRIC = Metric(
    "specificity",
    "Specificity at the operating point",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of the negative cases that are recognised as negative",
)
