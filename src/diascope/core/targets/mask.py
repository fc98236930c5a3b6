"""A label map on the image's grid: one class a voxel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.errors import InputError
from diascope.core.ports.kind import Kind

MOST_SHOWN = 10
"""Unknown numbers that an error shows."""


def _check(target: Target, value: NDArray[np.integer] | None) -> list[str]:
    if value is None:
        return []
    unknown = sorted(set(np.unique(value).tolist()) - set(target.values))
    return (
        [f"the mask holds the values {unknown}, which the classes {list(target.values)} do not name"] if unknown else []
    )


def _present(target: Target, value: NDArray[np.integer] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    found = set(np.unique(value).tolist())
    return tuple(name for name, number in zip(target.classes[1:], target.values[1:], strict=True) if number in found)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    return ["+".join(names) or "background only" for names in present]


def _encode(target: Target, value: NDArray[np.integer] | None) -> NDArray:
    """Return class indices ``(I, J[, K])`` uint8 (int16 above 256 classes) for the label map's own numbers.

    Raises:
        ValueError: the value is missing; a case without its mask cannot be encoded.
        InputError: the map holds a number that no class names, which would count for a class that it is not.
    """
    if value is None:
        raise ValueError("a missing mask cannot be encoded")
    kind = np.uint8 if len(target.values) <= 256 else np.int16
    if target.values == tuple(range(len(target.values))):
        if value.size and (value.min() < 0 or value.max() >= len(target.values)):
            raise _unknown(target, value)
        return value.astype(kind)
    order = np.argsort(target.values)
    known = np.asarray(target.values)[order]
    place = np.minimum(np.searchsorted(known, value), len(known) - 1)
    if (known[place] != value).any():
        raise _unknown(target, value)
    return order[place].astype(kind)


def _unknown(target: Target, value: NDArray[np.integer]) -> InputError:
    found = sorted(set(np.unique(value).tolist()) - set(target.values))
    return InputError(
        "the label map holds numbers that no class names",
        expected=", ".join(map(str, target.values)),
        got=", ".join(map(str, found[:MOST_SHOWN])) + (" …" if len(found) > MOST_SHOWN else ""),
        fix="name them among the target's classes, or correct the map",
    )


KIND = Kind(
    "mask",
    "segmentation",
    form="map",
    has_classes=True,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
)
