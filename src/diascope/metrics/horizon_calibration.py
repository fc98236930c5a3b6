"""How far the foretold chance of the event lies from the observed one."""

import numpy as np

from diascope.core.kaplan_meier import kaplan_meier
from diascope.core.ports.metric import Metric
from diascope.core.ports.samples import Events

GROUPS = 5
"""Fifths of the foretold chance (chosen here: with 100 cases each still has 20, whose observed share is known to
about 0.1)."""


def compute(events: Events) -> float:
    """Return the mean distance between foretold and observed chance of the event at the middle horizon.

    Cases are put into fifths by their foretold chance; a fifth's observed chance is 1 - Kaplan-Meier, and fifths count
    by their cases. Chance alone keeps it above 0 in few cases. Undefined (nan) without a horizon, or where nothing was
    foretold.
    """
    if not len(events.horizons) or np.isnan(events.survival).any():
        return float("nan")
    column = len(events.horizons) // 2
    chance, horizon = 1 - events.survival[:, column], float(events.horizons[column])
    group = events.once("fifths", lambda same: fifths(1 - same.survival[:, column]))
    distance = weight = 0.0
    for number in range(GROUPS):
        inside = events.weight * (group == number)
        if inside.sum():
            observed = 1 - float(kaplan_meier(events.time, events.event, inside).at(horizon))
            distance += abs(inside @ chance - observed * inside.sum())
            weight += inside.sum()
    return float(distance / weight) if weight else float("nan")


def fifths(values: np.ndarray) -> np.ndarray:
    """Return the number 0 to 4 of each value's fifth; equal values are never divided."""
    return np.searchsorted(np.quantile(values, [0.2, 0.4, 0.6, 0.8]), values, side="left")


METRIC = Metric(
    "horizon_calibration",
    "Calibration error at the middle horizon",
    "events",
    unit="",
    higher_is_better=False,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="how far told chances of the event lie from observed ones; 0 is perfect",
)
