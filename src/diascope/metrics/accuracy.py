"""Share of right answers."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide


def compute(scores: Scores) -> tuple[float, NDArray[np.float64] | None]:
    """Return the share of cases whose most probable class is the right one, as MedMNIST counts it.

    Not at the operating point: where classes exclude each other, the argmax of the probabilities decides; where they
    do not, each class counts as present from probability 0.5 and the value is the mean over classes.
    Undefined (nan) without any reference. Source: Yang et al., MedMNIST v2, Sci Data 2023.
    """
    right, number = np.split(scores.weight @ scores.once("accuracy", _right), 2)
    if scores.exclusive:
        return float(divide(right, number)[0]), None
    return average(divide(right, number), scores)


def _right(scores: Scores) -> NDArray[np.float64]:
    """Return ``(N, 2)``, or ``(N, 2 C)`` for labels: if the answer is right, and if the reference is known."""
    known = ~np.isnan(scores.reference)
    right = (scores.probability > 0.5) == (scores.reference == 1)
    if scores.exclusive:
        known = known.all(axis=1, keepdims=True)
        top = scores.probability.argmax(axis=1)[:, None]
        right = np.take_along_axis(scores.reference, top, axis=1) == 1
    return np.concatenate([known & right, known], axis=1).astype(np.float64)


METRIC = Metric(
    "accuracy",
    "Accuracy",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="share of cases decided rightly",
)
