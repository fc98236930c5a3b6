"""Which cases are visits of one patient, and in which order they were."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from diascope.core.documents.dataset import Case

FIRST_WORDS = {"baseline", "bl", "screening", "pre", "initial", "first"}
"""Visits that come before all that have a number."""

_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?")
_NUMBERED = re.compile(r"(?P<words>\D*?)[\s_-]*(?P<number>\d+(?:\.\d+)?)(?P<after>\D*)")
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Visits:
    """The cases of one patient in time.

    Attributes:
        number: of the patient, counted from 1 in the order of the data; no identity.
        cases: the earliest first.
        days: since the first visit; None where visits have no dates.
        labels: what a visit is called, unless that is a date.
        notes: what had to be decided.
    """

    number: int
    cases: tuple[Case, ...]
    days: tuple[int, ...] | None
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def order_visits(cases: Sequence[Case]) -> tuple[list[Visits], dict[str, str]]:
    """Return each patient's visits in time, and why the other cases take no part, by case.

    Visits are dates (``2024-03-01``, ``20240301``), numbers, or words with a number (``week 12``, ``V2``) of which at
    most one other word stands for the beginning (``baseline``). Where this leaves the order open, the patient is
    refused: by another order growth would be called shrinkage.
    """
    groups: dict[str, list[Case]] = {}
    refused = {
        c.id: "it names no patient, so nothing says which visits belong together" for c in cases if not c.patient
    }
    for case in cases:
        if case.patient:
            groups.setdefault(case.patient, []).append(case)
    found = []
    for number, group in enumerate(groups.values(), start=1):
        why = _why_refused(group)
        if why:
            refused.update(dict.fromkeys((c.id for c in group), why))
        else:
            found.append(_in_order(number, group))
    return found, refused


def _why_refused(group: Sequence[Case]) -> str | None:
    """Return why a patient's cases have no order, None where they have one."""
    if len(group) < 2:
        return "its patient has this visit only; change needs two"
    without = [c.id for c in group if c.visit is None]
    if without:
        return f"the visit of {_names(without)} is not given, so the order of this patient's visits is not known"
    keys = _keys([str(c.visit) for c in group])
    if keys is None:
        return (
            "this patient's visits are neither all dates (2024-03-01), nor all numbers, nor one word with a number "
            "(week 12), so their order is not known"
        )
    same = [c.id for c, key in zip(group, keys, strict=True) if keys.count(key) > 1]
    return f"{_names(same)} are called the same visit, so their order is not known" if same else None


def _in_order(number: int, group: Sequence[Case]) -> Visits:
    texts = [str(c.visit) for c in group]
    keys = _keys(texts) or []
    order = sorted(range(len(group)), key=lambda n: keys[n])
    dates = [_date(text) for text in texts]
    notes = [] if order == sorted(order) else ["the visits were not listed in the order of time; they were sorted"]
    days = None
    if all(dates):
        known = [d for d in (dates[n] for n in order) if d]
        days = tuple((d - known[0]).days for d in known)
    labels = tuple(f"visit {n + 1}" if days else texts[k] for n, k in enumerate(order))
    return Visits(number, tuple(group[n] for n in order), days, labels, tuple(notes))


def _keys(texts: Sequence[str]) -> list[tuple[float, float]] | None:
    """Return what sorts visits, None where they have no common measure."""
    dates = [_date(text) for text in texts]
    if all(dates):
        return [(0.0, float(d.toordinal())) for d in dates if d]
    if any(dates):
        return None
    if all(_PLAIN.fullmatch(text.strip()) for text in texts):
        return [(1.0, float(text)) for text in texts]
    first = [text.strip().lower() in FIRST_WORDS for text in texts]
    rest = [_NUMBERED.fullmatch(text.strip()) for text, is_first in zip(texts, first, strict=True) if not is_first]
    found = [match for match in rest if match]
    if any(_PLAIN.fullmatch(m[0]) and m[0][0] in "+-" for m in found):
        return None  # a sign among words may be a dash
    words = {(m["words"].strip().lower(), m["after"].strip().lower()) for m in found}
    if len(found) < len(rest) or len(words) > 1 or sum(first) > 1:
        return None
    numbers = iter(float(m["number"]) for m in found)
    return [(0.0, 0.0) if is_first else (1.0, next(numbers)) for is_first in first]


def _date(text: str) -> date | None:
    match = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
