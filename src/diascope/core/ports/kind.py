"""A kind of target: how its values are checked, counted and stratified."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from diascope.core.documents.dataset import Target

Form = Literal["vector", "map", "boxes"]
"""What a target is to a loss."""


@dataclass(frozen=True)
class Derivation:
    """How a target of one kind is made into another one, when a task is asked for that wants that.

    Attributes:
        target: ``(old target, its values) -> new target``; values of maps are not given, the sequence is then empty.
        value: ``(old target, value) -> new value`` of one case; the value of a map is its source, or, where ``reads``,
            its label array ``(I, J[, K])`` in the target's own numbers. None stays None without being asked.
        reads: each label map is read for it.
        chosen: ``(old target, name) -> new target`` with the class that the user calls normal; None where the new kind
            knows no such class.
    """

    target: Callable[[Target, Sequence[Any]], Target]
    value: Callable[[Target, Any], Any]
    reads: bool = False
    chosen: Callable[[Target, str], Target] | None = None


def lacks_nothing(target: Target, present: Sequence[tuple[str, ...]]) -> str:
    """Answer that nothing is missing."""
    return ""


@dataclass(frozen=True)
class Kind:
    """One kind of target.

    Attributes:
        name: the plug-in's name.
        default_task: taken when the user names no task; None where a task must be named.
        form: what ``encode`` gives: a ``vector`` of numbers, a label ``map`` on the image's grid, or ``boxes``.
        has_classes: what a case counts for are names among the target's classes, so that each class can be counted.
        is_exclusive: a case belongs to exactly one class, so that a class without cases cannot be told from the others.
        is_multiple: a case has a yes/no answer for each class, any of which may be missing by itself.
        check: ``(target, value) -> problems`` of one case's value, a sentence each; the value of a map is its label
            array ``(I, J[, K])``. A missing value (None) has no problems.
        present: ``(target, value) -> names`` of what this case counts for: its classes, or its number as text.
            Empty where the value is missing.
        strata: ``(target, present of all cases) -> stratum of each``; equal strata are spread evenly over the folds.
        encode: ``(target, value) -> array`` that a loss sees: a label map of class indices ``(I, J[, K])``; a vector
            ``(O,)``, nan where missing; boxes ``(N, 2 ndim + 1)`` float32: low, high, class index, in voxels of the
            image's grid. Raises InputError for a label map with a number that no class names.
        lacking: ``(target, present of all cases) -> what is missing`` for the target to be learned at all, in a
            sentence; empty where nothing is. Classes are counted for every kind, so this is for what else it needs.
        stated: how data say it, for a message where they do not; empty where no more than its name is to be said.
        counts_objects: the numbers of its label maps are objects, however many, unless the target gives ``values``.
        remarks: ``(target, label map) -> code → sentence`` of what one case's map cannot say, for ``inspect``.
        derived: name of another kind → how a target of it becomes one of this kind.
    """

    name: str
    default_task: str | None
    form: Form
    has_classes: bool
    is_exclusive: bool
    is_multiple: bool
    check: Callable[[Target, Any], list[str]]
    present: Callable[[Target, Any], tuple[str, ...]]
    strata: Callable[[Target, Sequence[tuple[str, ...]]], list[str]]
    encode: Callable[[Target, Any], NDArray]
    lacking: Callable[[Target, Sequence[tuple[str, ...]]], str] = lacks_nothing
    stated: str = ""
    derived: Mapping[str, Derivation] = field(default_factory=dict)
    counts_objects: bool = False
    remarks: Callable[[Target, NDArray], dict[str, str]] | None = None

    @property
    def is_map(self) -> bool:
        """Answer whether a value is a label map on the image's grid, in a file of its own."""
        return self.form == "map"
