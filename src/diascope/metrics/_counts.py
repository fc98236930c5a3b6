"""Weighted counts of right and wrong decisions, class by class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Scores


@dataclass(frozen=True, eq=False)
class Counts:
    """True and false positives and negatives of each class, ``(C,)`` each; missing references count nowhere."""

    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    fn: NDArray[np.float64]
    tn: NDArray[np.float64]


def count(scores: Scores) -> Counts:
    """Return the counts at the operating point."""
    positive, negative = scores.reference == 1, scores.reference == 0
    decided, weight = scores.decided, scores.weight
    return Counts(
        tp=weight @ (positive & decided),
        fp=weight @ (negative & decided),
        fn=weight @ (positive & ~decided),
        tn=weight @ (negative & ~decided),
    )
