"""One grade of an ordered scale for each case; ``Target.classes`` are the grades from the lowest to the highest."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.ports.kind import Kind


def _check(target: Target, value: str | None) -> list[str]:
    if value is None or value in target.classes:
        return []
    return [f"grade {value!r} is outside the scale {' < '.join(target.classes)}"]


def _present(target: Target, value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    return [names[0] if names else "missing" for names in present]


def _encode(target: Target, value: str | None) -> NDArray:
    """Return for each grade but the lowest whether it is reached, ``(grades - 1,)``; all nan where missing."""
    if value is None:
        return np.full(len(target.classes) - 1, np.nan, np.float32)
    reached = target.classes.index(value)
    return (np.arange(1, len(target.classes)) <= reached).astype(np.float32)


KIND = Kind(
    "grade",
    "grading",
    is_map=False,
    has_classes=True,
    is_exclusive=True,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
)
