"""Matching of predicted to reference boxes, and precision over recall; shared by the metrics over boxes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.core.boxes import overlaps
from diascope.core.ports.metric import BoxScores

RECALLS = np.linspace(0, 1, 101)
"""Where COCO reads precision off (Lin et al. 2014)."""


def match(reference: NDArray, predicted: NDArray, thresholds: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return, for each predicted box (best first) and threshold, its reference box ``(D, T)``, -1 where it has none.

    A box takes the reference box that it overlaps most among those that no better box has taken; of equal ones the
    last. As pycocotools does it, without crowds and sizes.
    """
    found = np.full((len(predicted), len(thresholds)), -1, np.intp)
    iou = overlaps(predicted, reference)
    for column, threshold in enumerate(thresholds):
        free = np.ones(len(reference), bool)
        for row in np.flatnonzero((iou >= threshold).any(axis=1)):
            here = np.where(free, iou[row], -1.0)
            best = len(here) - 1 - int(here[::-1].argmax())
            if here[best] >= min(threshold, 1 - 1e-10):
                found[row, column], free[best] = best, False
    return found


def mean_average_precision(scores: BoxScores, levels: slice) -> tuple[float, NDArray[np.float64]]:
    """Return the mean over classes, and each class's average precision ``(C,)``, over some of the IoU thresholds.

    A class without a reference box is undefined. Source: COCO's evaluation (pycocotools), against which it is tested.
    """
    numbers = range(len(scores.thresholds))[levels]
    per_class = np.array([_average_precision(scores, label, numbers) for label in range(scores.classes)])
    known = per_class[~np.isnan(per_class)]
    return (float(known.mean()) if known.size else float("nan")), per_class


def _average_precision(scores: BoxScores, label: int, numbers: range) -> float:
    """Return a class's average precision, the mean over thresholds.

    Precision is only asked for where recall rises, so only hits are looked at: a tenth of the boxes of a detector.
    """
    rows, counted = ranked(scores, label)
    total = float(scores.weight @ scores.references[:, label])
    if total == 0:
        return float("nan")
    before = np.cumsum(counted)
    found = []
    for number in numbers:
        hits = scores.once(f"hits {label} {number}", lambda n=number: np.flatnonzero(scores.hit[rows, n]))
        right = np.cumsum(counted[hits])
        precision = right / np.maximum(before[hits], np.finfo(np.float64).eps)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        place = np.searchsorted(right / total, RECALLS, side="left")
        found.append(np.append(best, 0.0)[np.minimum(place, len(best))].mean())
    return float(np.mean(found))


def ranked(scores: BoxScores, label: int | None) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the rows of a class's (None: of all) predicted boxes, best first, and how often each counts."""

    def order() -> NDArray[np.intp]:
        of_class = np.flatnonzero(scores.label == label) if label is not None else np.arange(len(scores.label))
        return of_class[np.argsort(-scores.score[of_class], kind="stable")]

    rows = scores.once(f"ranked {label}", order)
    return rows, scores.weight[scores.case[rows]]


def sensitivity_at(scores: BoxScores, label: int | None, rates: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the highest sensitivity with at most so many false positives a case, for each rate; nan without boxes.

    Only scores are read off from which on boxes can count: boxes of one score count together or not at all.
    """
    rows, counted = ranked(scores, label)
    references = scores.references if label is None else scores.references[:, [label]]
    total = float((scores.weight @ references).sum())
    if total == 0:
        return np.full(len(rates), np.nan)
    hit, reached = scores.found[rows], _last_of_each_score(scores, label)
    right, wrong = np.cumsum(counted * hit) / total, np.cumsum(counted * ~hit) / scores.weight.sum()
    last = np.searchsorted(wrong[reached], np.asarray(rates) + 1e-12, side="right")
    return np.append(0.0, right[reached])[last]


def _last_of_each_score(scores: BoxScores, label: int | None) -> NDArray[np.intp]:
    """Return the places in ``ranked`` at which the next box has a lower score."""
    rows, _ = ranked(scores, label)
    return scores.once(f"last {label}", lambda: np.flatnonzero(np.diff(scores.score[rows], append=np.nan) != 0))


def sensitivity_of_size(scores: BoxScores, third: int) -> tuple[float, NDArray[np.float64]]:
    """Return the share of the reference boxes of a third of all sizes that are found at the operating point.

    Sizes are the boxes' edges, cut at the thirds of all evaluated boxes (``size_limits``).

    Returns:
        The mean over classes and each class's value; nan for classes without such a box.
    """
    place = scores.once("third", lambda: np.searchsorted(size_limits(scores), scores.reference_edge, side="left"))
    cut = scores.cut[scores.reference_case, scores.reference_label]
    is_found = np.nan_to_num(scores.reference_score, nan=-np.inf) >= cut
    counted = scores.weight[scores.reference_case] * (place == third)
    total = np.bincount(scores.reference_label, counted, scores.classes)
    right = np.bincount(scores.reference_label, counted * is_found, scores.classes)
    per_class = np.divide(right, total, out=np.full(scores.classes, np.nan), where=total > 0)
    known = per_class[~np.isnan(per_class)]
    return (float(known.mean()) if known.size else float("nan")), per_class


def size_limits(scores: BoxScores) -> NDArray[np.float64]:
    """Return the two edges that divide the evaluated reference boxes into thirds; nan without any."""
    return np.quantile(scores.reference_edge, [1 / 3, 2 / 3]) if len(scores.reference_edge) else np.full(2, np.nan)


class Curve(NamedTuple):
    """What a class's boxes give from each score on, best first: recall, precision, and false positives in all.

    A score that several boxes have gives one point.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    wrong: NDArray[np.float64]


def curve(scores: BoxScores, label: int, hit: NDArray[np.bool_]) -> Curve:
    """Return a class's curve by what counts as a hit ``(D,)``; empty without a reference box."""
    rows, counted = ranked(scores, label)
    total = float(scores.weight @ scores.references[:, label])
    if total == 0:
        return Curve(*(np.zeros(0),) * 3)
    reached = _last_of_each_score(scores, label)
    right, wrong = np.cumsum(counted * hit[rows])[reached], np.cumsum(counted * ~hit[rows])[reached]
    return Curve(right / total, right / np.maximum(right + wrong, np.finfo(np.float64).eps), wrong)
