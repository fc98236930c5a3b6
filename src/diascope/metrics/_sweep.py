"""Positives and negatives found as the threshold falls: what ROC and precision-recall curves are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Scores


@dataclass(frozen=True, eq=False)
class Sweep:
    """Weighted counts, a row for each class, a column for each case by falling probability.

    A threshold cannot split cases of one probability, so counts are those of the whole run of equal ones.

    Attributes:
        positive: ``(C, N)`` the case's own weight where it is positive, else 0.
        found: ``(C, N)`` positives with this probability or a higher one; alarms: negatives.
        alarms_before: ``(C, N)`` negatives with a higher probability.
    """

    positive: NDArray[np.float64]
    found: NDArray[np.float64]
    alarms: NDArray[np.float64]
    alarms_before: NDArray[np.float64]


def sweep(scores: Scores) -> Sweep:
    """Return the counts of all thresholds; missing references count nowhere."""
    weight = scores.weight[scores.once("falling", _falling)]
    positive, negative = weight * scores.once("positive", _positive), weight * scores.once("negative", _negative)
    found, alarms = positive.cumsum(axis=1), negative.cumsum(axis=1)
    last = scores.once("last", _last)
    if not last.size:
        return Sweep(positive, found, alarms, alarms - negative)
    before = np.take_along_axis(alarms - negative, scores.once("first", _first), axis=1)
    found, alarms = (np.take_along_axis(counts, last, axis=1) for counts in (found, alarms))
    return Sweep(positive, found, alarms, before)


def _falling(scores: Scores) -> NDArray[np.intp]:
    return np.argsort(-scores.probability.T, axis=1, kind="stable")


def _sorted(scores: Scores, values: NDArray) -> NDArray:
    return np.take_along_axis(values.T, scores.once("falling", _falling), axis=1)


def _positive(scores: Scores) -> NDArray[np.float64]:
    return (_sorted(scores, scores.reference) == 1).astype(np.float64)


def _negative(scores: Scores) -> NDArray[np.float64]:
    return (_sorted(scores, scores.reference) == 0).astype(np.float64)


def _last(scores: Scores) -> NDArray[np.intp]:
    """Return, for each position, the last one of its run of equal probabilities; empty where all differ."""
    probability = _sorted(scores, scores.probability)
    is_last = np.ones(probability.shape, bool)
    is_last[:, :-1] = probability[:, :-1] != probability[:, 1:]
    if is_last.all():
        return np.empty((0, 0), np.intp)
    position = np.where(is_last, np.arange(probability.shape[1]), probability.shape[1])
    return np.minimum.accumulate(position[:, ::-1], axis=1)[:, ::-1]


def _first(scores: Scores) -> NDArray[np.intp]:
    """Return, for each position, the first one of its run of equal probabilities."""
    probability = _sorted(scores, scores.probability)
    is_first = np.ones(probability.shape, bool)
    is_first[:, 1:] = probability[:, 1:] != probability[:, :-1]
    return np.maximum.accumulate(np.where(is_first, np.arange(probability.shape[1]), 0), axis=1)
