"""Squared error of the foretold survival over time."""

import numpy as np

from diascope.core.kaplan_meier import SurvivalCurve
from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Events
from diascope.metrics._horizon import censoring, weights


def compute(events: Events) -> float:
    """Return the Brier score of the foretold survival, averaged over the time between the first and last horizon.

    At each horizon the squared error of the survival against who is free of the event, cases weighted by the inverse
    chance of not having been censored; between horizons the trapezoidal rule. With one horizon its score is the value.
    Undefined (nan) without a horizon, where no survival was told, and where everyone still at risk was censored before
    a horizon.
    Source: Graf et al., Statistics in Medicine 18, 1999, equations 4 and 6.
    """
    if not len(events.horizons):
        return float("nan")
    uncensored = censoring(events)
    scores = np.array([_brier(events, n, uncensored) for n in range(len(events.horizons))])
    span = events.horizons[-1] - events.horizons[0]
    return float(np.trapezoid(scores, events.horizons) / span) if span > 0 else float(scores[0])


def _brier(events: Events, column: int, uncensored: SurvivalCurve) -> float:
    had, free = weights(events, uncensored, float(events.horizons[column]))
    foretold = events.survival[:, column]
    total = events.weight.sum()
    return float((had @ foretold**2 + free @ (1 - foretold) ** 2) / total) if total else float("nan")


METRIC = Metric(
    "integrated_brier",
    "Integrated Brier score",
    "events",
    unit="",
    higher_is_better=False,
    bounds=(0.0, np.inf),
    compute=compute,
    explained="squared error of the told survival over time; 0 is perfect, 0.25 a coin toss",
)
