"""Values of DICOM elements as Python values; an absent, empty or malformed one is None or empty."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def _value(dataset: "Dataset", keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, ArithmeticError):
        return None  # a value that pydicom cannot convert, such as "abc" for a number


def numbers(dataset: "Dataset", keyword: str, count: int) -> NDArray[np.float64] | None:
    """Return ``count`` finite numbers as an array, or None."""
    value = _value(dataset, keyword)
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        array = np.asarray([float(v) for v in (value if isinstance(value, Iterable) else [value])])
    except (ValueError, TypeError):
        return None
    return array if array.size == count and np.isfinite(array).all() else None


def number(dataset: "Dataset", keyword: str) -> float | None:
    """Return one finite number, the first where there are several, or None."""
    value = _value(dataset, keyword)
    if isinstance(value, Iterable) and not isinstance(value, str):
        value = next(iter(value), None)
    try:
        result = float(value) if value is not None else None
    except (ValueError, TypeError):
        return None
    return result if result is not None and np.isfinite(result) else None


def whole(dataset: "Dataset", keyword: str, default: int = 0) -> int:
    """Return one whole number, or the default."""
    value = number(dataset, keyword)
    return default if value is None else int(value)


def text(dataset: "Dataset", keyword: str) -> str:
    """Return a value as text without padding, several ones joined by a backslash; empty where there is none."""
    value = _value(dataset, keyword)
    if value is None:
        return ""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return "\\".join(str(v) for v in value)
    return str(value).strip(" \0")


def texts(dataset: "Dataset", keyword: str) -> tuple[str, ...]:
    """Return all values of an element as texts."""
    joined = text(dataset, keyword)
    return tuple(joined.split("\\")) if joined else ()


def items(dataset: "Dataset | None", keyword: str) -> "list[Dataset]":
    """Return the items of a sequence; an absent sequence has none."""
    value = None if dataset is None else _value(dataset, keyword)
    return [] if value is None or isinstance(value, str | bytes | int | float) else list(value)


def item(dataset: "Dataset | None", keyword: str) -> "Dataset | None":
    """Return the first item of a sequence, or None."""
    return next(iter(items(dataset, keyword)), None)


def moment(date: str, time: str) -> datetime | None:
    """Return a point in time from a DA and a TM value; None where the time is missing or either is malformed.

    Where only the date is missing (removed by de-identification), the first of January 1900 stands for it, so that
    two such moments can still be compared.
    """
    digits, _, fraction = time.replace(":", "").partition(".")
    day = date.replace(".", "")[:8] or "19000101"
    if not digits.isdigit() or len(digits) < 4:
        return None
    try:
        seconds = int(digits[4:6] or 0) + float(f"0.{fraction or 0}")
        start = datetime.strptime(day, "%Y%m%d")
        return start + timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=seconds)
    except ValueError:
        return None
