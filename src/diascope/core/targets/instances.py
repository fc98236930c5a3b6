"""Objects that are told apart: a label map in which every object has a number of its own.

Without ``values`` each number is one object, whatever its size and however many parts it has. With ``classes`` and
``values`` the map holds classes, and every connected part of a class is one object (parts that meet at a corner are
one): objects of one class that touch cannot be told apart in such a map.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.errors import InputError
from diascope.core.instances import connected_parts
from diascope.core.ports.kind import Derivation, Kind

STRATA = 4
"""Groups of cases by their number of objects that are spread evenly (chosen here)."""

MOST_SHOWN = 10


def _numbers(value: NDArray[np.integer]) -> list[int]:
    return [int(n) for n in np.unique(value)]


def _check(target: Target, value: NDArray[np.integer] | None) -> list[str]:
    if value is None:
        return []
    numbers = _numbers(value)
    if target.values:
        unknown = sorted(set(numbers) - set(target.values))
        named = list(target.values)
        return [f"the mask holds the values {unknown}, which the classes {named} do not name"] if unknown else []
    negative = [n for n in numbers if n < 0]
    return [f"the map numbers objects {negative[:MOST_SHOWN]}: numbers start at 1"] if negative else []


def _present(target: Target, value: NDArray[np.integer] | None) -> tuple[str, ...]:
    """Return how many numbers but 0 there are: the objects, or of a map of classes the classes that are there."""
    return () if value is None else (str(sum(n != 0 for n in _numbers(value))),)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    """Return which quarter of the cases by their number of objects each belongs to."""
    counts = np.array([float(names[0]) if names else np.nan for names in present])
    if np.isnan(counts).all():
        return ["missing"] * len(counts)
    edges = np.nanquantile(counts, np.linspace(0, 1, STRATA + 1)[1:-1])
    return ["missing" if np.isnan(n) else f"quarter {np.searchsorted(edges, n) + 1}" for n in counts]


def _encode(target: Target, value: NDArray[np.integer] | None) -> NDArray[np.integer]:
    """Return objects numbered from 1 on without gaps ``(I, J[, K])``, 0 being background; uint16 up to 65,535 objects.

    Raises:
        ValueError: the value is missing.
        InputError: a number is negative, or no class names it.
    """
    if value is None:
        raise ValueError("a missing map cannot be encoded")
    value = np.asarray(value)
    if problems := _check(target, value):
        raise InputError(
            problems[0],
            expected=", ".join(map(str, target.values)) or "0 for background, and a number from 1 on for each object",
            got=", ".join(map(str, _numbers(value)[:MOST_SHOWN])),
            fix="correct the map, or name its numbers among the target's classes",
        )
    found = _parts(target, value) if target.values else _renumbered(value)
    return found.astype(np.uint16) if found.max(initial=0) <= np.iinfo(np.uint16).max else found


def _renumbered(value: NDArray[np.integer]) -> NDArray[np.int32]:
    numbers, places = np.unique(value, return_inverse=True)
    return (places.reshape(value.shape) + (0 if 0 in numbers else 1)).astype(np.int32)


def _parts(target: Target, value: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the connected parts of each class, numbered through."""
    found = np.zeros(value.shape, np.int32)
    last = 0
    for number in target.values[1:]:
        parts, count = connected_parts(value == number, corners=True)
        found[parts > 0] = parts[parts > 0] + last
        last += count
    return found


def _remarks(target: Target, value: NDArray[np.integer]) -> dict[str, str]:
    """Return what a map cannot say: objects that touch in a map of classes, objects in several parts in another."""
    if target.values:
        count = int(_encode(target, value).max(initial=0))
        text = f"each of its {count} connected parts counts as one object: touching objects cannot be told apart"
        return {"touching_not_told_apart": text}
    parts = _parts_of_objects(_encode(target, value))
    several = int((parts > 1).sum())
    if not several:
        return {}
    return {
        "object_in_parts": f"{several} of {len(parts)} numbers stand for several separate parts, kept as one object"
    }


def _parts_of_objects(objects: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return into how many separate parts each object falls."""
    from scipy.ndimage import find_objects

    boxes = enumerate(find_objects(objects.astype(np.int32)), 1)
    counts = [connected_parts(objects[box] == n, corners=True)[1] for n, box in boxes if box is not None]
    return np.array(counts, np.intp)


def _target_of_mask(target: Target, values: Sequence[Any]) -> Target:
    """Return what a mask is as objects: its own numbers are the objects where nothing names them, else its parts are.

    A mask of one number, or whose classes have names, holds classes.
    """
    unnamed = target.classes[1:] == tuple(f"value {v}" for v in target.values[1:])
    if unnamed and len(target.values) != 2:
        return Target(kind="instances")
    return Target(kind="instances", classes=target.classes, values=target.values)


KIND = Kind(
    "instances",
    "instances",
    form="map",
    has_classes=False,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    derived={"mask": Derivation(_target_of_mask, lambda target, value: value)},
    counts_objects=True,
    remarks=_remarks,
)
