"""From which score a box counts as a finding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head


def fit_box_score(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with a score for each class at which cases have as many boxes as their references.

    Predictions are ``(N, 2n + 2)`` (…, class, score), references ``(M, 2n + 1)`` (…, class) of each case. A class that
    no reference holds gets none.
    """
    found = {}
    for label, name in enumerate(head.outputs):
        wanted = np.array([np.count_nonzero(_column(r, -1) == label) for r in references])
        scores = [np.sort(_column(p, -1)[_column(p, -2) == label]) for p in predictions]
        if wanted.any():
            found[name] = count_threshold(scores, wanted)
    return calibration.model_copy(update={"thresholds": {**calibration.thresholds, **found}})


def _column(rows: NDArray, number: int) -> NDArray:
    return rows[:, number] if rows.ndim == 2 and rows.size else np.zeros(0)


def count_threshold(scores: Sequence[NDArray], wanted: NDArray) -> float:
    """Return the score from which the numbers of boxes differ least from the wanted ones, summed over cases.

    Few cases make that sum a rugged line. About the best score lie others whose sum is larger by less than half of its
    standard error over cases; the middle of these is taken, which new cases move least.
    """
    values = np.unique(np.concatenate([*scores, np.zeros(0)]))
    if not len(values):
        return 0.5
    thresholds = np.concatenate([values[:1] / 2, (values[1:] + values[:-1]) / 2, values[-1:] * 1.01])
    counts = np.stack([len(s) - np.searchsorted(s, thresholds) for s in scores])
    error = np.abs(counts - np.asarray(wanted)[:, None])
    mean, best = error.mean(axis=0), int(error.mean(axis=0).argmin())
    apart = error - error[:, [best]]
    deviation = apart.std(axis=0) / np.sqrt(len(scores))
    low = high = best
    while low > 0 and mean[low - 1] - mean[best] <= 0.5 * deviation[low - 1]:
        low -= 1
    while high < len(mean) - 1 and mean[high + 1] - mean[best] <= 0.5 * deviation[high + 1]:
        high += 1
    return float((thresholds[low] + thresholds[high]) / 2)
