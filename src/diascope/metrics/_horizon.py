"""What is known of each case at a horizon, and the weight that makes up for those censored before it."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.kaplan_meier import SurvivalCurve, censoring_curve
from diascope.core.ports.samples import Events


def censoring(events: Events) -> SurvivalCurve:
    """Return the chance not to have been censored yet, as the weights count the cases."""
    return censoring_curve(events.time, events.event, events.weight)


def status(events: Events, horizon: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who had the event by the horizon, and who is known to be free of it; the rest was censored before."""
    return events.event & (events.time <= horizon), events.time > horizon


def weights(
    events: Events, uncensored: SurvivalCurve, horizon: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of those with the event by the horizon and of those free of it, 0 for all others.

    Each stands for those like it who were censored before: 1 over the chance of not being censored, just before the
    event or up to the horizon. Source: Graf et al., Statistics in Medicine 18, 1999, equation 4.
    """
    had, free = status(events, horizon)
    before, after = uncensored.before(events.time), float(uncensored.at(horizon))
    inverse = np.divide(1.0, before, out=np.zeros_like(before), where=before > 0)
    return events.weight * had * inverse, events.weight * free * (1 / after if after > 0 else 0.0)
