"""What is known of each case at a horizon, and the weight that makes up for those censored before it."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.kaplan_meier import SurvivalCurve, censoring_curve
from diascope.core.ports.samples import Events


def censoring(events: Events) -> SurvivalCurve:
    """Return the chance not to have been censored yet, as the weights count the cases."""
    return censoring_curve(events.time, events.event, events.weight)


def status(events: Events, horizon: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who had the event by the horizon, and who is known to be free of it; the rest was censored before.

    A case that was censored at the very horizon was seen free of the event there.
    """
    free = (events.time > horizon) | ((events.time == horizon) & ~events.event)
    return events.event & (events.time <= horizon), free


def weights(
    events: Events, uncensored: SurvivalCurve, horizon: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of those with the event by the horizon and of those free of it, 0 for all others.

    Each stands for those like it who were censored before: 1 over the chance of not being censored before the event or
    before the horizon. All are nan where everyone still at risk was censored before the horizon, so that nobody stands
    for them. Source: Graf et al., Statistics in Medicine 18, 1999, equation 4, which leaves out who was censored at the
    very horizon and divides by the chance just after it, as scikit-survival's ``brier_score`` does. Both are unbiased,
    and equal where nobody was censored then; but where a study ends at the horizon only those with the event would be
    left, whose own error then passes for everybody's.
    """
    had, free = status(events, horizon)
    until = np.minimum(events.time, horizon)
    before, reached = uncensored.before(until), float(uncensored.before(horizon))
    if reached <= 0:
        return np.full(len(until), np.nan), np.full(len(until), np.nan)
    inverse = np.divide(events.weight, before, out=np.zeros_like(before), where=before > 0)
    return inverse * had, inverse * free
