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
    return Counts(*np.split(scores.weight @ scores.once("counted", _counted), 4))


def _counted(scores: Scores) -> NDArray[np.float64]:
    """Return ``(N, 4 C)``: whether a case is a true or false positive, or a false or true negative, of each class."""
    positive, negative, decided = scores.reference == 1, scores.reference == 0, scores.decided
    cells = [positive & decided, negative & decided, positive & ~decided, negative & ~decided]
    return np.concatenate(cells, axis=1).astype(np.float64)
