"""One class out of several for each case."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.ports.kind import Kind


def _check(target: Target, value: str | None) -> list[str]:
    if value is None or value in target.classes:
        return []
    return [f"class {value!r} is not one of {', '.join(target.classes)}"]


def _present(target: Target, value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    return [names[0] if names else "missing" for names in present]


def _encode(target: Target, value: str | None) -> NDArray:
    """Return a one-hot vector ``(classes,)``, all nan where the value is missing."""
    if value is None:
        return np.full(len(target.classes), np.nan, np.float32)
    return (np.array(target.classes) == value).astype(np.float32)


KIND = Kind(
    "class",
    "classification",
    form="vector",
    has_classes=True,
    is_exclusive=True,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
)
