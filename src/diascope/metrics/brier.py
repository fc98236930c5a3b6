"""Mean squared error of the probabilities."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return the mean squared distance of probability and outcome.

    Binary: of the positive class, 0 to 1. More exclusive classes: summed over the classes, 0 to 2, as Brier defined
    it. Several labels: mean over the labels. Undefined (nan) without any reference.
    Source: Brier, Mon Weather Rev 78, 1950; the scaling of scikit-learn's ``brier_score_loss``.
    """
    total, number = np.split(scores.weight @ scores.once("brier", _squared), 2)
    per_class = divide(total, number)
    if scores.exclusive and not scores.is_binary:
        return float(per_class.sum()), per_class
    return average(per_class, scores)


def _squared(scores: Scores) -> NDArray[np.float64]:
    """Return ``(N, 2 C)``: squared errors, 0 where the reference is missing, and where it is not."""
    known = ~np.isnan(scores.reference)
    error = np.where(known, scores.probability - scores.reference, 0.0)
    return np.concatenate([error**2, known], axis=1)


METRIC = Metric(
    "brier",
    "Brier score",
    "set",
    unit="",
    higher_is_better=False,
    bounds=(0.0, 2.0),
    compute=compute,
    explained="squared distance between probability and truth; smaller is better",
)
