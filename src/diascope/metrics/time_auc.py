"""How well risk tells those with the event by a horizon from those still free of it."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Events
from diascope.metrics._horizon import censoring, weights


def compute(events: Events) -> float:
    """Return the mean over the horizons of the time-dependent area under the ROC curve.

    Cumulative cases against dynamic controls, cases weighted by the inverse chance of not having been censored; equal
    risks count half, and a case censored at the very horizon is a control. A horizon without cases or without controls
    is passed over; without any other the value is nan.
    Source: Uno et al., JASA 102, 2007; Hung and Chiang, Canadian J. Statistics 38, 2010.
    """
    uncensored = censoring(events)
    areas = [_area(events, *weights(events, uncensored, float(horizon))) for horizon in events.horizons]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def _area(events: Events, case: NDArray, control: NDArray) -> float:
    """Return the weighted share of pairs of a case and a control in which the case has the higher risk."""
    total = case.sum() * control.sum()
    if not total:
        return float("nan")
    place = events.once("risk_order", lambda same: np.unique(same.risk, return_inverse=True)[1])
    cases, controls = np.bincount(place, case), np.bincount(place, control)
    return float(cases @ (controls.cumsum() - controls / 2) / total)


METRIC = Metric(
    "time_auc",
    "Time-dependent AUC",
    "events",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="chance that a case with the event by a horizon got a higher risk than one free of it; 0.5 is chance",
)
