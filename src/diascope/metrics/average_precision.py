"""Area under the precision-recall curve."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric, Scores
from diascope.metrics._average import average, divide
from diascope.metrics._sweep import sweep


def compute(scores: Scores) -> tuple[float, NDArray[np.float64]]:
    """Return the precision at each threshold weighted by the recall it adds, without interpolation.

    A predictor that knows nothing gets the share of positive cases. Undefined (nan) for a class without positive
    cases. Source: scikit-learn's ``average_precision_score``; Davis and Goadrich, ICML 2006, on why not to interpolate.
    """
    curve = sweep(scores)
    named = curve.found + curve.alarms
    precision = np.divide(curve.found, named, out=np.zeros_like(named), where=named > 0)
    gained = np.einsum("cn,cn->c", curve.positive, precision)
    return average(divide(gained, curve.found[:, -1]), scores)


METRIC = Metric(
    "average_precision",
    "Average precision",
    "set",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="precision averaged over all sensitivities; 1 is perfect, the share of positives is guessing",
)
