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
    bins = scores.once("ece_bins", _bins)
    gap, known = (scores.weight[:, None] * part for part in np.split(scores.once("ece_gaps", _gaps), 2, axis=1))
    columns = bins.shape[1]
    signed = np.bincount(bins.ravel(), gap.ravel(), minlength=BINS * columns).reshape(columns, BINS)
    values = divide(np.abs(signed).sum(axis=1), known.sum(axis=0))
    classes = scores.reference.shape[1]
    return (float(values[-1]), values[:-1]) if columns > classes else average(values, scores)


def _announced(scores: Scores) -> NDArray[np.float64]:
    """Return the probabilities ``(N, C)``, with the largest one beside them where one of several classes is right."""
    if not scores.exclusive or scores.is_binary:
        return scores.probability
    return np.concatenate([scores.probability, scores.probability.max(axis=1, keepdims=True)], axis=1)


def _bins(scores: Scores) -> NDArray[np.intp]:
    """Return each probability's bin, numbered on from column to column."""
    announced = _announced(scores)
    return np.minimum((announced * BINS).astype(np.intp), BINS - 1) + np.arange(announced.shape[1]) * BINS


def _gaps(scores: Scores) -> NDArray[np.float64]:
    """Return probability − outcome, 0 where the reference is missing, and whether it is not, side by side."""
    announced, outcome = _announced(scores), scores.reference
    if announced.shape[1] > outcome.shape[1]:
        top = scores.probability.argmax(axis=1)[:, None]
        outcome = np.concatenate([outcome, np.take_along_axis(outcome, top, axis=1)], axis=1)
    known = ~np.isnan(outcome)
    return np.concatenate([np.where(known, announced - outcome, 0.0), known], axis=1)


METRIC = Metric(
    "ece",
    "Expected calibration error",
    "set",
    unit="",
    higher_is_better=False,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="mean gap between stated probability and observed frequency; smaller is better",
)
