"""Mean sensitivity at an eighth, a quarter, half, one, two, four and eight false positives a case.

Source: Setio et al. 2017 (LUNA16). What counts as found is the task's word (``BoxScores.found``).
"""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import BoxScores, Metric
from diascope.metrics._boxes import sensitivity_at

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def compute(scores: BoxScores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes and each class's value; nan for classes without a reference box."""
    per_class = np.array([sensitivity_at(scores, label, RATES).mean() for label in range(scores.classes)])
    known = per_class[~np.isnan(per_class)]
    return (float(known.mean()) if known.size else float("nan")), per_class


METRIC = Metric(
    "froc",
    "FROC score",
    "boxes",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false findings a case",
)
