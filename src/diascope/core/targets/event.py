"""A time of follow-up for each case, and whether it ended with the event or was censored.

``Target.unit`` is that of the times; ``Target.horizons`` are the times at which the chance of the event is told.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Event, Target
from diascope.core.ports.kind import Kind

EVENT, CENSORED = "event", "censored"

FEWEST_EVENTS = 2
"""One to learn from and one to be judged by."""


def _check(target: Target, value: Event | None) -> list[str]:
    if value is None or (math.isfinite(value.time) and value.time >= 0):
        return []
    unit = f" {target.unit}" if target.unit else ""
    return [f"a time of {value.time:g}{unit} is no follow-up: expected 0 or more"]


def _present(target: Target, value: Event | None) -> tuple[str, ...]:
    """Return whether the event was seen, and the time as text."""
    return () if value is None else (EVENT if value.event else CENSORED, repr(float(value.time)))


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    """Tell events from censorings, and among each the earlier half from the later one."""
    found = []
    middle = {
        name: float(np.median([float(p[1]) for p in present if p and p[0] == name] or [0.0]))
        for name in (EVENT, CENSORED)
    }
    for names in present:
        half = "" if not names else "early" if float(names[1]) <= middle[names[0]] else "late"
        found.append(f"{half} {names[0]}" if names else "missing")
    return found


def _lacking(target: Target, present: Sequence[tuple[str, ...]]) -> str:
    events = sum(bool(names) and names[0] == EVENT for names in present)
    if events >= FEWEST_EVENTS:
        return ""
    seen = "no case" if not events else f"only {events} case"
    return (
        f"{seen} of {sum(map(bool, present))} has the event, all others are censored: a risk is learned from at least "
        f"{FEWEST_EVENTS} events, and 10 for each part are few; follow the cases up for longer, or check what stands "
        "for an event"
    )


def _encode(target: Target, value: Event | None) -> NDArray:
    """Return time and event (1, or 0 for censored), ``(2,)``; nan where missing."""
    if value is None:
        return np.full(2, np.nan, np.float32)
    return np.array([value.time, value.event], np.float32)


KIND = Kind(
    "event",
    "survival",
    form="vector",
    has_classes=False,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    lacking=_lacking,
    stated="a column of times (such as os_months, days or time) and one of events (such as os_status, event or death)",
)
