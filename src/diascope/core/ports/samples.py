"""What metrics over numbers and over events see of all cases."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighted:
    """Cases of which each counts as often as a resample draws it; the arrays themselves stay as they are.

    Attributes:
        weight: ``(N,)`` how often each case counts: 1, or its number of draws.
        prepared: what ``once`` has kept.
    """

    weight: NDArray[np.float64]
    prepared: dict[str, NDArray] = field(default_factory=dict)

    def take(self, index: NDArray[np.intp]) -> Self:
        """Return the same with each case counted as often as it stands in ``index``; a missing one stays at 0."""
        drawn = np.bincount(index, minlength=len(self.weight)).astype(np.float64)
        return replace(self, weight=drawn * self.once("known", lambda same: same.weight > 0))

    def once(self, name: str, compute: Callable[[Self], NDArray]) -> NDArray:
        """Return an array that does not depend on the weights, computed for the first of all resamples only."""
        if name not in self.prepared:
            self.prepared[name] = compute(self)
        return self.prepared[name]


@dataclass(frozen=True, eq=False, kw_only=True)
class Numbers(Weighted):
    """Numbers against numbers; made by ``Numbers.of``.

    Attributes:
        reference, prediction: ``(N,)``, 0 where the reference is missing: the weight is 0 there.
        low, high: ``(N,)`` ends of the interval that the reference should lie in; nan where none could be told.
    """

    reference: NDArray[np.float64]
    prediction: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(
        cls, reference: NDArray, prediction: NDArray, low: NDArray | None = None, high: NDArray | None = None
    ) -> Self:
        """Return the numbers of cases that count once each; those without a reference (nan) count nowhere."""
        reference, prediction = np.asarray(reference, np.float64), np.asarray(prediction, np.float64)
        known = ~np.isnan(reference)
        nothing = np.full(len(reference), np.nan)
        ends = [nothing if end is None else np.asarray(end, np.float64) for end in (low, high)]
        values = (np.where(known, value, 0.0) for value in (reference, prediction))
        return cls(
            weight=known.astype(np.float64),
            prepared={"known": known},
            reference=next(values),
            prediction=next(values),
            low=ends[0],
            high=ends[1],
        )

    def mean(self, values: NDArray) -> float:
        """Return the weighted mean of one number a case, nan without any case."""
        total = self.weight.sum()
        return float(self.weight @ values / total) if total else float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class Events(Weighted):
    """Times until an event against foretold risk and survival; made by ``Events.of``.

    Attributes:
        time, event: ``(N,)`` follow-up, and whether it ended with the event; 0 and False where missing.
        risk: ``(N,)`` a higher one means an earlier event.
        survival: ``(N, H)`` foretold share free of the event after each horizon; nan where none could be told.
        horizons: ``(H,)`` in the unit of the times, rising.
    """

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    risk: NDArray[np.float64]
    survival: NDArray[np.float64]
    horizons: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        time: NDArray,
        event: NDArray,
        risk: NDArray,
        *,
        survival: NDArray | None = None,
        horizons: NDArray | None = None,
    ) -> Self:
        """Return the events of cases that count once each; those without a time (nan) count nowhere."""
        time = np.asarray(time, np.float64)
        known = ~np.isnan(time)
        horizons = np.empty(0) if horizons is None else np.asarray(horizons, np.float64)
        survival = np.full((len(time), len(horizons)), np.nan) if survival is None else np.asarray(survival, np.float64)
        return cls(
            weight=known.astype(np.float64),
            prepared={"known": known},
            time=np.where(known, time, 0.0),
            event=known & (np.nan_to_num(np.asarray(event, np.float64)) > 0),
            risk=np.asarray(risk, np.float64),
            survival=survival,
            horizons=horizons,
        )
