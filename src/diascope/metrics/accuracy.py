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
    known = ~np.isnan(scores.reference)
    if scores.exclusive:
        known_case = scores.weight * known.all(axis=1)
        is_right = scores.probability.argmax(axis=1) == np.nan_to_num(scores.reference).argmax(axis=1)
        return float(divide(known_case @ is_right, known_case.sum())), None
    is_right = known & ((scores.probability > 0.5) == (scores.reference == 1))
    return average(divide(scores.weight @ is_right, scores.weight @ known), scores)


METRIC = Metric("accuracy", "Accuracy", "set", unit="", higher_is_better=True, bounds=(0.0, 1.0), compute=compute)
