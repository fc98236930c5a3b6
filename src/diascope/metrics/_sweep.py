"""Positives and negatives found as the threshold falls: what ROC and precision-recall curves are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Scores


@dataclass(frozen=True, eq=False)
class Sweep:
    """Counts at each threshold.

    Attributes:
        found: ``(N + 1, C)`` weighted positives at or above the threshold, starting with 0.
        alarms: ``(N + 1, C)`` weighted negatives at or above it.
    """

    found: NDArray[np.float64]
    alarms: NDArray[np.float64]


def sweep(scores: Scores) -> Sweep:
    """Return the counts; rows inside a run of equal probabilities repeat those of the row before the run.

    A threshold cannot split cases of the same probability, so only the last row of such a run is a point of the curve.
    """
    reference = np.take_along_axis(scores.reference, scores.falling, axis=0)
    probability = np.take_along_axis(scores.probability, scores.falling, axis=0)
    weight = scores.weight[scores.falling]
    is_end = np.ones(probability.shape, bool)
    is_end[:-1] = probability[:-1] != probability[1:]
    return Sweep(_cumulate(weight * (reference == 1), is_end), _cumulate(weight * (reference == 0), is_end))


def _cumulate(values: NDArray[np.float64], is_end: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return running sums with a first row of 0, each held until the next end (they never fall, so by maximum)."""
    held = np.maximum.accumulate(np.where(is_end, np.cumsum(values, axis=0), 0.0), axis=0)
    return np.concatenate([np.zeros((1, values.shape[1])), held])
