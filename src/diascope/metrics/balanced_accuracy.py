"""Accuracy as if all classes were equally frequent."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide, mean_of_defined
from diascope.metrics._counts import count


def compute(scores: Scores) -> tuple[float, NDArray[np.float64] | None]:
    """Return the mean recall of the classes at the operating point.

    Where classes exclude each other: over the classes, so for a binary question the mean of sensitivity and
    specificity. Else each class is a question of its own, and the value is the mean over the questions.
    Undefined (nan) without positive or without negative cases; an exclusive class without cases is left out.
    Source: Brodersen et al., ICPR 2010; scikit-learn's ``balanced_accuracy_score``.
    """
    counts = count(scores)
    recall = divide(counts.tp, counts.tp + counts.fn)
    if scores.exclusive:
        return (float(recall.mean()) if scores.is_binary else mean_of_defined(recall)), None
    return average((recall + divide(counts.tn, counts.tn + counts.fp)) / 2, scores)


METRIC = Metric(
    "balanced_accuracy",
    "Balanced accuracy at the operating point",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="accuracy in which every class counts the same, however rare",
)
