"""From which probability a class counts as present."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.apply import DEFAULT_THRESHOLD, probabilities
from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head


def fit_operating_point(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with a threshold for each class that needs one, on its calibrated probability.

    More than two exclusive classes need none (the most probable one is taken); a binary question needs one, for its
    positive class. A class without positive or without negative cases gets none and stays at 0.5.
    """
    if head.activation == "softmax" and not head.is_binary:
        return calibration
    logits, reference = np.asarray(predictions, np.float64), np.asarray(references, np.float64)
    found = {}
    probability = probabilities(calibration, logits, head)
    for column in [1] if head.is_binary else range(len(head.outputs)):
        known = ~np.isnan(reference[:, column])
        threshold = youden_threshold(reference[known, column] == 1, probability[known, column])
        if threshold is not None:
            found[head.outputs[column]] = threshold
    return calibration.model_copy(update={"thresholds": found})


def youden_threshold(present: NDArray[np.bool_], probability: NDArray[np.float64]) -> float | None:
    """Return the threshold of the largest sensitivity + specificity − 1, or None without both outcomes.

    It lies midway between the two probabilities that it separates; of several equally good ones the one nearest
    to 0.5 is taken. Source: Youden, Cancer 3, 1950.
    """
    positives, negatives = np.sort(probability[present]), np.sort(probability[~present])
    if not (positives.size and negatives.size):
        return None
    values = np.unique(probability)
    thresholds = np.concatenate([[DEFAULT_THRESHOLD], (values[1:] + values[:-1]) / 2])
    sensitivity = 1 - np.searchsorted(positives, thresholds) / positives.size
    specificity = np.searchsorted(negatives, thresholds) / negatives.size
    index = sensitivity + specificity - 1
    best = thresholds[index >= index.max() - 1e-12]
    return float(best[np.abs(best - DEFAULT_THRESHOLD).argmin()])
