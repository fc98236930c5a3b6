"""Several yes/no labels for each case; each may be missing by itself."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.ports.kind import Kind

Labels = dict[str, int | None] | None


def _check(target: Target, value: Labels) -> list[str]:
    value = value or {}
    unknown = [
        f"label {name!r} is not one of {', '.join(target.classes)}" for name in value if name not in target.classes
    ]
    wrong = [f"label {name!r} is {v!r}, not 0 or 1" for name, v in value.items() if v not in (0, 1, None)]
    return unknown + wrong


def _present(target: Target, value: Labels) -> tuple[str, ...]:
    return tuple(name for name in target.classes if (value or {}).get(name) == 1)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    """Take each case's rarest label: spreading the rare ones evenly is what a random split fails at."""
    counts = Counter(name for names in present for name in names)
    return [min(names, key=lambda n: (counts[n], n)) if names else "none" for names in present]


def _encode(target: Target, value: Labels) -> NDArray:
    """Return 0, 1 or nan (missing) for each class."""
    given = value or {}
    return np.array([np.nan if given.get(name) is None else given[name] for name in target.classes], np.float32)


KIND = Kind(
    "classes",
    "classification",
    form="vector",
    has_classes=True,
    is_exclusive=False,
    is_multiple=True,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
)
