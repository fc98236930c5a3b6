"""Findings in an image, each a box with a class; an image without any is a negative."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Box, Target
from diascope.core.ports.kind import Derivation, Kind

Boxes = tuple[Box, ...] | None


def _check(target: Target, value: Boxes) -> list[str]:
    """Return what makes a box impossible; one that crosses the border or is empty is mended when the data are read."""
    problems = []
    for number, box in enumerate(value or (), 1):
        where = f"box {number} ({describe(box)})"
        if box.label not in target.classes:
            problems.append(f"{where} has a class that is not one of {', '.join(target.classes)}")
        if len(box.low) != len(box.high) or not all(map(math.isfinite, (*box.low, *box.high))):
            problems.append(f"{where} does not have two finite corners")
        elif any(low > high for low, high in zip(box.low, box.high, strict=True)):
            problems.append(f"{where} has its corners swapped: the first must not lie beyond the second")
    return problems


def describe(box: Box) -> str:
    """Return a box in words: its class and corners."""
    low, high = (", ".join(f"{x:g}" for x in corner) for corner in (box.low, box.high))
    return f"{box.label} from {low} to {high}"


def _present(target: Target, value: Boxes) -> tuple[str, ...]:
    found = {box.label for box in value or ()}
    return tuple(name for name in target.classes if name in found)


def _strata(target: Target, present: Sequence[tuple[str, ...]]) -> list[str]:
    """Take each case's rarest class: spreading the rare ones evenly is what a random split fails at."""
    counts = Counter(name for names in present for name in names)
    return [min(names, key=lambda n: (counts[n], n)) if names else "no box" for names in present]


def _encode(target: Target, value: Boxes) -> NDArray[np.float32]:
    """Return ``(N, 2 ndim + 1)``; without a box ``(0, 5)``, as nothing then says how many axes there are.

    Raises:
        ValueError: the value is missing; a case without its boxes cannot be encoded.
    """
    if value is None:
        raise ValueError("missing boxes cannot be encoded")
    if not value:
        return np.zeros((0, 5), np.float32)
    return np.array([[*box.low, *box.high, target.classes.index(box.label)] for box in value], np.float32)


def _of_mask(target: Target, labels: NDArray[np.integer]) -> tuple[Box, ...]:
    """Return the box of each connected region of each class; voxels that only share a corner are connected."""
    from scipy.ndimage import find_objects, label

    boxes = []
    for name, number in zip(target.classes[1:], target.values[1:], strict=True):
        regions = np.empty(labels.shape, np.int32)
        label(labels == number, structure=np.ones((3,) * labels.ndim, bool), output=regions)
        for region in find_objects(regions):
            low, high = (tuple(float(getattr(s, end)) for s in region) for end in ("start", "stop"))
            boxes.append(Box(label=name, low=low, high=high))
    return tuple(boxes)


KIND = Kind(
    "boxes",
    "detection",
    form="boxes",
    has_classes=True,
    is_exclusive=False,
    is_multiple=False,
    check=_check,
    present=_present,
    strata=_strata,
    encode=_encode,
    derived={
        "mask": Derivation(
            target=lambda target, values: Target(kind="boxes", classes=target.classes[1:]), value=_of_mask, reads=True
        )
    },
)
