"""A number for each case: age, a measurement."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.errors import DatasetError
from diascope.core.ports.kind import Derivation, Kind


def _check(target: Target, value: float | None) -> list[str]:
    return [] if value is None or math.isfinite(value) else [f"value {value} is not finite"]


def _present(target: Target, value: float | None) -> tuple[str, ...]:
    return () if value is None else (repr(float(value)),)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    """Cut at the quintiles, so that each fold spans the range."""
    values = np.array([float(names[0]) if names else np.nan for names in present])
    if np.isnan(values).all():
        return ["missing"] * len(values)
    edges = np.nanquantile(values, [0.2, 0.4, 0.6, 0.8])
    return ["missing" if math.isnan(v) else f"fifth {int(np.searchsorted(edges, v, 'right')) + 1}" for v in values]


def _encode(target: Target, value: float | None) -> NDArray:
    """Return the number as ``(1,)``, nan where missing."""
    return np.array([np.nan if value is None else value], np.float32)


def _number(name: str) -> float:
    """Return the number that a class is named after.

    Raises:
        DatasetError: it is none.
    """
    try:
        return float(name)
    except ValueError:
        raise DatasetError(
            "a class that is to be a number is not named after one",
            expected="classes such as 0, 1, 2",
            got=repr(name),
            fix="leave --task away to learn classes, or write numbers",
        ) from None


def _from_class(target: Target, values: Sequence[str]) -> Target:
    for name in target.classes:
        _number(name)
    return Target(kind="value", unit=target.unit)


KIND = Kind(
    "value",
    "regression",
    form="vector",
    has_classes=False,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    derived={"class": Derivation(_from_class, lambda target, name: _number(name))},
)
