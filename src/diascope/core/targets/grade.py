"""One grade of an ordered scale for each case; ``Target.classes`` are the grades from the lowest to the highest."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.errors import DatasetError
from diascope.core.ports.kind import Derivation, Kind

ROMAN = ("0", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
WORDS = (
    ("normal", "none", "absent", "no", "healthy", "negative"),
    ("minimal", "trace", "doubtful", "very low"),
    ("mild", "low", "slight", "early", "small"),
    ("moderate", "medium", "intermediate"),
    ("severe", "high", "advanced", "late", "large"),
    ("very severe", "very high", "critical", "proliferative"),
)
"""Words of scales in use, lowest first; words of one line stand for the same place, so two of them have no order."""

LARGEST_GAP = 2
"""Between whole numbers of a scale (chosen here): a grade that no case has is likely, more in a row are a typing error
or a code for missing, such as 9 or 99."""


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


def place_of(name: str) -> float | None:
    """Return where a grade's name lies on its scale, or None where the name does not say so.

    Example:
        >>> place_of("3"), place_of("Grade IV"), place_of("moderate"), place_of("benign")
        (3.0, 4.0, 3.0, None)
    """
    plain = re.sub(r"^(grade|stage|score|class|type|g|kl|birads|bi-rads)[\s_-]*(?=[0-9ivx])", "", name.strip().lower())
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", plain):
        return float(plain)
    if plain.upper() in ROMAN:
        return float(ROMAN.index(plain.upper()))
    return next((float(place) for place, words in enumerate(WORDS) if plain in words), None)


def ordered_grades(names: Sequence[str]) -> tuple[str, ...]:
    """Return names from the lowest to the highest grade.

    Raises:
        DatasetError: their order is not known, or whole numbers among them are missing.
    """
    places = {name: place_of(name) for name in names}
    unknown = [name for name, place in places.items() if place is None]
    found = sorted((place, name) for name, place in places.items() if place is not None)
    if unknown or len({place for place, _ in found}) < len(names):
        raise DatasetError(
            "the order of the grades is not known",
            expected="numbers, Roman numerals or words such as none, mild, moderate, severe",
            got=", ".join(unknown or names),
            fix="write the data set with diascope inspect --write dataset.yaml, and there give the target kind: grade "
            "and its classes from the lowest to the highest",
        )
    gaps = [(a, b) for (a, _), (b, _) in pairwise(found) if b - a > LARGEST_GAP]
    if gaps:
        raise DatasetError(
            f"the scale has no grade between {gaps[0][0]:g} and {gaps[0][1]:g}",
            expected="grades that follow each other",
            got=", ".join(name for _, name in found),
            fix="correct the labels, leave those cells empty that mean no grade, or give the target kind: grade with "
            "all its classes in dataset.yaml",
        )
    return tuple(name for _, name in found)


def _whole(value: float) -> str:
    if value != int(value):
        raise DatasetError("a grade is a whole number", expected="such as 2", got=f"{value:g}")
    return str(int(value))


FROM_CLASS = Derivation(
    target=lambda target, values: Target(kind="grade", classes=ordered_grades(target.classes)),
    value=lambda target, value: value,
)
FROM_VALUE = Derivation(
    target=lambda target, values: Target(kind="grade", classes=ordered_grades(sorted({_whole(v) for v in values}))),
    value=lambda target, value: _whole(value),
)

KIND = Kind(
    "grade",
    "grading",
    form="vector",
    has_classes=True,
    is_exclusive=True,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    derived={"class": FROM_CLASS, "value": FROM_VALUE},
)
