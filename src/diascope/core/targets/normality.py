"""One class out of several for each case, one of them being the normal one: what is not normal counts as abnormal."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.errors import OptionError, nearest
from diascope.core.ports.kind import Derivation, Kind

NORMAL_NAMES = (
    "normal",
    "normals",
    "healthy",
    "no finding",
    "no findings",
    "unremarkable",
    "control",
    "controls",
    "negative",
    "neg",
    "good",
    "ok",
    "none",
    "no",
    "0",
    "benign",
)
"""How the normal class is called, the surest name first: where there are normal and benign cases, normal is meant."""

CHOOSE = "name it: --set target.normal=NAME"


def _plain(name: str) -> str:
    """Return a class's name in small letters, words apart by a space."""
    return re.sub(r"[\s_\-]+", " ", name).strip().lower()


def _target(target: Target, values: Sequence[str]) -> Target:
    """Return the target with the class first whose name says that it is the normal one.

    Raises:
        OptionError: no name does.
    """
    names = {_plain(name): name for name in target.classes}
    found = next((names[word] for word in NORMAL_NAMES if word in names), None)
    if found is None:
        raise OptionError(
            "which class is the normal one? No class's name says so",
            expected=f"a class called {', '.join(NORMAL_NAMES[:6])} …",
            got=", ".join(target.classes),
            fix=CHOOSE,
        )
    return _first(target, found)


def _chosen(target: Target, name: str) -> Target:
    """Return the target with the class first that the user calls normal.

    Raises:
        OptionError: there is no such class.
    """
    if name not in target.classes:
        raise OptionError(
            f"no class is called {name!r}", expected=", ".join(target.classes), fix=nearest(name, target.classes)
        )
    return _first(target, name)


def _first(target: Target, normal: str) -> Target:
    others = [name for name in target.classes if name != normal]
    return Target(kind="normality", classes=(normal, *others), unit=target.unit)


def _check(target: Target, value: str | None) -> list[str]:
    if value is None or value in target.classes:
        return []
    return [f"class {value!r} is not one of {', '.join(target.classes)}"]


def _present(target: Target, value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    return [names[0] if names else "missing" for names in present]


def _encode(target: Target, value: str | None) -> NDArray:
    """Return ``(1,)``: 0 for the first class, which is the normal one, 1 for every other, nan where missing."""
    return np.array([np.nan if value is None else float(value != target.classes[0])], np.float32)


_RENAMED = Derivation(target=_target, value=lambda target, value: value, chosen=_chosen)

KIND = Kind(
    "normality",
    "anomaly",
    form="vector",
    has_classes=True,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    derived={"class": _RENAMED, "normality": _RENAMED},
)
