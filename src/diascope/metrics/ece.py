"""Expected calibration error."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide

BINS = 15
"""Equal-width bins; Guo et al., ICML 2017."""


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return how far probabilities lie from the frequency of what they announce, averaged over the cases.

    More than two exclusive classes: of the most probable class's probability (Guo et al., ICML 2017, equation 3).
    Else of the class's own probability against how often it is present: of the positive class of a binary question,
    or the mean over labels. The classes' values are always of the second sort (Kull et al., NeurIPS 2019,
    classwise ECE). Undefined (nan) without any reference.
    """
    known = ~np.isnan(scores.reference)
    weight = scores.weight[:, None] * known
    per_class = _gap(scores.probability, scores.reference == 1, weight)
    if not scores.exclusive or scores.is_binary:
        return average(per_class, scores)
    top = scores.probability.argmax(axis=1)[:, None]
    is_right = np.take_along_axis(scores.reference, top, axis=1) == 1
    return float(_gap(np.take_along_axis(scores.probability, top, axis=1), is_right, weight[:, :1])[0]), per_class


def _gap(probability: NDArray, outcome: NDArray, weight: NDArray) -> NDArray[np.float64]:
    """Return the weighted mean over bins of |mean probability − frequency|, a column each, ``(N, C) -> (C,)``."""
    columns = probability.shape[1]
    bins = np.minimum((probability * BINS).astype(np.intp), BINS - 1) + np.arange(columns) * BINS
    signed = np.bincount(bins.ravel(), (weight * (probability - outcome)).ravel(), minlength=BINS * columns)
    return divide(np.abs(signed).reshape(columns, BINS).sum(axis=1), weight.sum(axis=0))


METRIC = Metric(
    "ece", "Expected calibration error", "set", unit="", higher_is_better=False, bounds=(0.0, 1.0), compute=compute
)
