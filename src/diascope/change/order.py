"""Which cases are visits of one patient, and in which order they were."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from diascope.core.documents.dataset import Case

FIRST_WORDS = {"baseline", "bl", "screening", "pre", "initial", "first"}
"""Visits that come before all that have a number."""

_DATE = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?")
_NUMBERED = re.compile(
    r"(?P<words>\D*?)(?P<gap>[\s_\u2013-]*?)(?:(?P<sign>[+\u2212\u2013-])(?P<space>[\s_]*))?"
    r"(?P<number>\d+(?:\.\d+)?)(?P<after>\D*)"
)
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?")
_DASHES, _MINUS = {"-", "\u2013"}, "\u2212"
"""What may be a sign or only separate a word from its number (hyphen, en dash), and the sign that is nothing else."""


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
    most one other word stands for the beginning (``baseline``). A dash before the number (``day -7``) is a minus sign
    where other visits of the patient show it, see ``_dash_is_minus``. Where this leaves the order open, the patient is
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
    texts = [str(c.visit) for c in group]
    keys = _keys(texts)
    if keys is None and _dash_is_minus(texts) is None:
        dashed = [group[n].id for n, match in (_numbered(texts) or {}).items() if match["sign"] in {*_DASHES, _MINUS}]
        return (
            f"the dash before the number of {_names(dashed)} may be a minus sign or separate the number from its word, "
            "or be before what is called the beginning, so the order is not known: give all of this patient's visits "
            "as dates or plain numbers (-7, 1), or write 'day 7' where no minus sign is meant"
        )
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
    notes += _read_as_minus(group, texts)
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
    found, is_minus = _numbered(texts), _dash_is_minus(texts)
    if found is None or is_minus is None:
        return None
    minus = {_MINUS, *_DASHES} if is_minus else {_MINUS}
    numbers = {n: float(m["number"]) * (-1 if m["sign"] in minus else 1) for n, m in found.items()}
    return [(1.0, numbers[n]) if n in numbers else (0.0, 0.0) for n in range(len(texts))]


def _numbered(texts: Sequence[str]) -> dict[int, re.Match[str]] | None:
    """Return the parts of the visits that are one word with a number, by their place; None where some are others.

    At most one visit is no such one, as its word stands for the beginning.
    """
    first = {n for n, text in enumerate(texts) if text.strip().lower() in FIRST_WORDS}
    tried = {n: _NUMBERED.fullmatch(text.strip()) for n, text in enumerate(texts) if n not in first}
    found = {n: match for n, match in tried.items() if match}
    words = {(m["words"].strip().lower(), m["after"].strip().lower()) for m in found.values()}
    return None if len(found) < len(tried) or len(words) > 1 or len(first) > 1 else found


def _dash_is_minus(texts: Sequence[str]) -> bool | None:
    """Answer whether a dash before a visit's number is a minus sign, None where nothing shows what it is.

    It is one where no word stands before it (``-2 weeks``), where another number has a sign that is nothing else
    (``day +1``), where other visits have none at the same place (``day -7`` beside ``day 1``) or are number 0 without
    it. Where all visits have one, it separates if it stands directly behind the word (``day-7``, ``day-14``) or apart
    from the number (``day - 7``), or if one is number 0. Negative numbers beside a word for the beginning leave open
    which is earlier.
    """
    found = _numbered(texts)
    if not found:
        return False
    answer, matches = _sign_of(list(found.values())), list(found.values())
    is_negative = any(m["sign"] == _MINUS or (m["sign"] in _DASHES and answer) for m in matches)
    return None if is_negative and len(found) < len(texts) else answer


def _sign_of(found: Sequence[re.Match[str]]) -> bool | None:
    dashed = [m for m in found if m["sign"] in _DASHES]
    others = [m for m in found if m["sign"] not in _DASHES]
    if not dashed:
        return False
    gaps = {m["gap"] for m in found}
    if not found[0]["words"].strip() or any(m["sign"] for m in others):
        return True
    if others:
        return True if len(gaps) == 1 or any(float(m["number"]) == 0 for m in others) else None
    is_apart = gaps == {""} or all(m["space"] for m in dashed)
    return False if is_apart or any(float(m["number"]) == 0 for m in dashed) else None


def _read_as_minus(group: Sequence[Case], texts: Sequence[str]) -> list[str]:
    """Return a note where only other visits show that a dash is a minus sign."""
    found = _numbered(texts) or {}
    dashed = [group[n].id for n, m in found.items() if m["words"].strip() and m["sign"] in _DASHES]
    if not dashed or not _dash_is_minus(texts):
        return []
    return [f"the dash before the number of {_names(dashed)} is read as a minus sign, as not all visits have one"]


def _date(text: str) -> date | None:
    match = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
