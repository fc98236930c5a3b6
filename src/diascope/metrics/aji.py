"""One Jaccard index of all objects of an image, each beside its best partner."""

import numpy as np

from diascope.core.ports.metric import Matching, Metric


def compute(matching: Matching) -> float:
    """Return the mean over cases; a case without any object is undefined and left out.

    Source: Kumar et al., IEEE TMI 2017.
    """
    with np.errstate(invalid="ignore"):
        return matching.mean(matching.shared / np.where(matching.joined > 0, matching.joined, np.nan))


METRIC = Metric(
    "aji",
    "Aggregated Jaccard index",
    "instances",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="overlap of all objects of an image with their best partners; 1 is perfect",
)
