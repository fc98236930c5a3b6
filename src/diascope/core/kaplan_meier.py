"""Survival of censored times: how many are still free of the event after a time, and how many still in sight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A step function that falls at event times.

    Attributes:
        times: ``(K,)`` the distinct times of events and censorings, rising.
        survival: ``(K,)`` the share free of the event just after each time.
        at_risk: ``(K,)`` the number followed up to each time; weights count as so many cases.
        events: ``(K,)`` the number of events at each time.
    """

    times: NDArray[np.float64]
    survival: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]

    def at(self, when: NDArray | float) -> NDArray[np.float64]:
        """Return the survival just after each time; 1 before the first one, the last value beyond the last one."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, when, side="right")]

    def before(self, when: NDArray | float) -> NDArray[np.float64]:
        """Return the survival just before each time."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, when, side="left")]

    def still_followed(self, when: NDArray | float) -> NDArray[np.float64]:
        """Return the number at risk at each time: those whose own time is not shorter."""
        return np.concatenate([self.at_risk, [0.0]])[np.searchsorted(self.times, when, side="left")]

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the 95 % limits of the survival at each time, nan where it is 0.

        Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2002, section 1.4:
        Greenwood's variance on the scale of log(-log S), which keeps the limits within 0 and 1.
        """
        z = 1.959964
        left = self.at_risk * (self.at_risk - self.events)
        greenwood = np.cumsum(np.divide(self.events, left, out=np.zeros_like(left), where=left > 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(self.survival)
            half = z * np.sqrt(greenwood) / -log
            low, high = self.survival ** np.exp(half), self.survival ** np.exp(-half)
        whole = self.survival == 1
        low, high = np.where(whole, 1.0, low), np.where(whole, 1.0, high)
        gone = self.survival <= 0
        return np.where(gone, np.nan, low), np.where(gone, np.nan, high)


def kaplan_meier(time: NDArray, event: NDArray, weight: NDArray | None = None) -> SurvivalCurve:
    """Return the survival of cases followed for ``time`` until their event or, where there was none, their censoring.

    Args:
        time: ``(N,)``, none missing.
        event: ``(N,)`` bool; False is censored, after any event of the same time.
        weight: ``(N,)`` how often each case counts; once by default.

    Source: Kaplan and Meier, JASA 53, 1958.
    """
    times, at_risk, events, _ = _counts(time, event, weight)
    return SurvivalCurve(times, _product(events, at_risk), at_risk, events)


def censoring_curve(time: NDArray, event: NDArray, weight: NDArray | None = None) -> SurvivalCurve:
    """Return the chance not to have been censored yet, the weight of inverse-probability estimates.

    A censoring happens after any event of the same time, so those events are no longer at risk of it.
    Source: Graf et al., Statistics in Medicine 18, 1999, section 3.
    """
    times, at_risk, events, censored = _counts(time, event, weight)
    return SurvivalCurve(times, _product(censored, at_risk - events), at_risk - events, censored)


def _counts(time: NDArray, event: NDArray, weight: NDArray | None) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return distinct times, and at each the number at risk, of events and of censorings."""
    time, event = np.asarray(time, np.float64), np.asarray(event, bool)
    weight = np.ones(len(time)) if weight is None else np.asarray(weight, np.float64)
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weight * event, minlength=len(times))
    leaving = np.bincount(place, weight, minlength=len(times))
    at_risk = leaving[::-1].cumsum()[::-1]
    return times, at_risk, events, leaving - events


def _product(falling: NDArray, at_risk: NDArray) -> NDArray[np.float64]:
    share = np.divide(falling, at_risk, out=np.zeros(len(at_risk)), where=at_risk > 0)
    return np.clip(1 - share, 0, 1).cumprod(dtype=np.float64)
