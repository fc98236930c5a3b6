"""Survival in a table: a column of times, and one that says whether each ended with the event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diascope.core.documents.dataset import Event, Target, Value
from diascope.curate.columns import binary, is_missing, normalise, number, unit_of

_SPAN = r"(days|weeks|months|years)"
TIME = re.compile(
    rf"^((overall_|progression_free_|disease_free_|relapse_free_|event_free_)?survival(_time)?|os|pfs|dfs|rfs|efs|"
    rf"time|time_to_(event|death|progression|relapse)|(event|death|follow_?up|last_follow_?up)_time|follow_?up|duration)"
    rf"(_{_SPAN})?$|^{_SPAN}$|^{_SPAN}_(to_(event|death|progression|relapse|last_follow_?up)|of_follow_?up|followed)$"
)
"""Names of a column of times, in lower case with underscores."""

EVENT = re.compile(
    r"^((os|pfs|dfs|rfs|efs|vital|survival|event|death)_)?(event|status|observed|indicator)$|^death$|^dead$|^died$|"
    r"^deceased$|^is_dead$|^relapse$|^progression$"
)
"""Names of a column that says whether the event was seen."""

CENSORED = re.compile(r"^(is_)?censor(ed|ing)?$")
"""Names of a column that says the opposite."""

_WORDS = {
    **dict.fromkeys(("dead", "deceased", "died", "death", "event", "relapsed", "progressed", "recurred"), True),
    **dict.fromkeys(("alive", "living", "censored", "disease free", "diseasefree", "lost"), False),
}

MOST_HORIZONS = 5
"""Times at which the chance is told where the data name none (chosen here: few enough to be read)."""


@dataclass(frozen=True)
class EventColumns:
    """The two columns of one survival, ``inverted`` where the second one says who was censored."""

    time: str
    event: str
    inverted: bool = False


def find_event_columns(cells: Mapping[str, Sequence[str | None]]) -> EventColumns | None:
    """Return the columns of times and events by their names and cells; None where not just one pair is there.

    Of several times and events the pair of the same beginning is taken (``os_months`` with ``os_status``), if only one
    of them has such.

    Args:
        cells: column → its cells, one a row.
    """
    times = [c for c in cells if TIME.match(normalise(c)) and _are(cells[c], number)]
    events = [c for c in cells if EVENT.match(normalise(c)) and _are(cells[c], happened)]
    censored = [c for c in cells if CENSORED.match(normalise(c)) and _are(cells[c], binary)]
    pairs = [EventColumns(t, e) for t in times for e in events] or [
        EventColumns(t, c, inverted=True) for t in times for c in censored
    ]
    if len(pairs) > 1:
        pairs = [p for p in pairs if _beginning(p.time) == _beginning(p.event)]
    return pairs[0] if len(pairs) == 1 else None


def happened(cell: str | None) -> bool | None:
    """Return whether a cell says that the event was seen; None where it says nothing or something else.

    Example:
        >>> happened("1"), happened("0:LIVING"), happened("Deceased"), happened("unknown")
        (True, False, True, None)
    """
    if cell is None or is_missing(cell):
        return None
    plain = binary(cell.split(":", 1)[0])
    return bool(plain) if plain is not None else _WORDS.get(cell.strip().lower())


def event_target(
    times: Sequence[str | None], events: Sequence[str | None], columns: EventColumns
) -> tuple[Target, list[Value]]:
    """Return the target that two columns make, and each case's value; None where time or event is missing.

    A negative time is kept as it stands, for the target's check to name its case.
    """
    values: list[Value] = []
    for time_cell, event_cell in zip(times, events, strict=True):
        time = None if time_cell is None else number(time_cell)
        seen = happened(event_cell)
        values.append(None if time is None or seen is None else Event(time=time, event=seen != columns.inverted))
    seen_at = [v.time for v in values if isinstance(v, Event) and v.event and v.time > 0]
    return Target(kind="event", unit=_unit(columns.time), horizons=choose_horizons(seen_at)), values


def choose_horizons(times: Sequence[float]) -> tuple[float, ...]:
    """Return up to ``MOST_HORIZONS`` times, rising, that divide the events evenly, with two digits.

    Example:
        >>> choose_horizons(range(1, 61))
        (11.0, 21.0, 31.0, 41.0, 51.0)
    """
    if not len(times):
        return ()
    shares = np.arange(1, MOST_HORIZONS + 1) / (MOST_HORIZONS + 1)
    return tuple(sorted({float(f"{time:.2g}") for time in np.quantile(np.asarray(times, float), shares)} - {0.0}))


def _are(cells: Sequence[str | None], read: object) -> bool:
    """Answer whether every cell that says something can be read so, and at least one does."""
    given = [c for c in cells if not is_missing(c)]
    return bool(given) and callable(read) and all(read(c) is not None for c in given)


def _beginning(name: str) -> str:
    return normalise(name).split("_")[0]


def _unit(column: str) -> str | None:
    plain = normalise(column)
    found = re.search(rf"^{_SPAN}(_|$)", plain)
    return found.group(1) if found else unit_of(plain)
