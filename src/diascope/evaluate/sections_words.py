"""How the report names and writes things: titles, plain explanations, numbers, and the table that all sections use."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from diascope.core.documents.metrics import ClassValue, MetricValue
from diascope.core.families import METRICS

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Sheet:
    """One table of the page; the first cell of each row names the row.

    Attributes:
        columns: heads, the first one that of the names.
        rows: cells as text.
        numeric: positions of columns that are set right-aligned.
        groups: position of a row → the heading that stands before it.
        caption: what the table shows, read out before it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = field(default=frozenset())
    groups: dict[int, str] = field(default_factory=dict)
    caption: str = ""


def sheet(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str, numeric: Iterable[int] | None = None
) -> Sheet:
    """Return a table whose columns but the first are numbers, unless ``numeric`` says which are."""
    right = range(1, len(columns)) if numeric is None else numeric
    return Sheet(tuple(columns), tuple(tuple(r) for r in rows), frozenset(right), {}, caption)


def title_of(metric: str) -> str:
    """Return a metric's title, or its name where no such plug-in is installed here."""
    return METRICS.load(metric).title if metric in METRICS.names() else metric.replace("_", " ").capitalize()


def explained(metric: str) -> str:
    """Return what a metric says to somebody who does not know it; empty where it says nothing of itself."""
    return METRICS.load(metric).explained if metric in METRICS.names() else ""


def number(value: float | None, unit: str = "") -> str:
    """Return a value as the page writes it: three decimals for shares, three digits and the unit for others.

    Example:
        >>> number(0.8891), number(12.345, "mm"), number(None)
        ('0.889', '12.3 mm', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    if not unit:
        return (f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}").replace("-", MINUS)
    decimals = max(0, 2 - math.floor(math.log10(max(abs(value), 0.01))))
    return f"{value:.{min(decimals, 3)}f} {unit}".replace("-", MINUS)


def interval(value: MetricValue | ClassValue, unit: str = "") -> str:
    """Return ``0.879 to 0.897``, without the unit, or a dash where there is no interval."""
    if value.value is None or not value.ci95:
        return "–"
    low, high = (number(v, unit) for v in value.ci95)
    return f"{low.removesuffix(f' {unit}')} to {high.removesuffix(f' {unit}')}"


def with_interval(value: MetricValue | ClassValue | None, unit: str = "") -> str:
    """Return ``0.889 (0.879 to 0.897)``; a dash where there is no such number."""
    if value is None:
        return "–"
    text = number(value.value, unit)
    return f"{text} ({interval(value, unit)})" if value.value is not None and value.ci95 else text


def count(n: int, one: str, many: str = "") -> str:
    """Return ``1 case`` or ``3 cases``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a time as one reads it.

    Example:
        >>> duration(8.24), duration(95), duration(7300)
        ('8.2 s', '1 min 35 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def plain(key: str, value: Any) -> str:
    """Return a plan's value as text; sizes and times, which the key's ending tells, with their unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if key.endswith("_bytes"):
            return f"{value / 2**30:.2f} GiB"
        if key.endswith("seconds"):
            return duration(value)
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
