"""A kind of target: how its values are checked, counted and stratified."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from diascope.core.documents.dataset import Target


@dataclass(frozen=True)
class Kind:
    """One kind of target.

    Attributes:
        name: the plug-in's name.
        default_task: taken when the user names no task; None where a task must be named.
        is_map: the value is a label map on the image's grid; every other kind has one value a case.
        has_classes: what a case counts for are names among the target's classes, so that each class can be counted.
        is_exclusive: a case belongs to exactly one class, so that a class without cases cannot be told from the others.
        is_multiple: a case has a yes/no answer for each class, any of which may be missing by itself.
        check: ``(target, value) -> problems`` of one case's value, a sentence each; the value of a map is its label
            array ``(I, J[, K])``. A missing value (None) has no problems.
        present: ``(target, value) -> names`` of what this case counts for: its classes, or its number as text.
            Empty where the value is missing.
        strata: ``(target, present of all cases) -> stratum of each``; equal strata are spread evenly over the folds.
        encode: ``(target, value) -> array`` that a loss sees: a label map of class indices ``(I, J[, K])``, or a vector
            ``(O,)`` with one number for each of the network's outputs, nan where missing. Raises InputError
            for a label map with a number that no class names.
    """

    name: str
    default_task: str | None
    is_map: bool
    has_classes: bool
    is_exclusive: bool
    is_multiple: bool
    check: Callable[[Target, Any], list[str]]
    present: Callable[[Target, Any], tuple[str, ...]]
    strata: Callable[[Target, Sequence[tuple[str, ...]]], list[str]]
    encode: Callable[[Target, Any], NDArray]
