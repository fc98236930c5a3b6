"""Area under the receiver operating characteristic."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide
from diascope.metrics._sweep import sweep


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return the chance that a positive case gets a higher probability than a negative one, ties counted half.

    Each class against all others. Undefined (nan) for a class without positive or without negative cases.
    Source: Hanley and McNeil, Radiology 143, 1982, the area under the empirical curve.
    """
    curve = sweep(scores)
    positives, negatives = curve.found[:, -1], curve.alarms[:, -1]
    beaten = negatives[:, None] - (curve.alarms + curve.alarms_before) / 2
    area = np.einsum("cn,cn->c", curve.positive, beaten)
    return average(divide(area, positives * negatives), scores)


METRIC = Metric(
    "auroc",
    "AUROC",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="chance that a positive case gets a higher probability than a negative one; 1 is perfect, "
    "0.5 is guessing",
)
