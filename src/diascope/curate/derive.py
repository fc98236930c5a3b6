"""A target of one kind made into another one, because the task that is asked for wants that."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diascope.core.documents.dataset import Case, Dataset, Problem, Source, Target
from diascope.core.errors import OptionError
from diascope.core.families import KINDS
from diascope.core.image import label_array
from diascope.core.ports.kind import Derivation
from diascope.curate.target_findings import remarked, wrong_labels
from diascope.io import read_header, read_labels


def derive_target(dataset: Dataset, name: str, kinds: Sequence[str], *, normal: str | None = None) -> Dataset:
    """Return the data set with a target brought to the first of the kinds that can be made of it.

    The data set is returned as it is where the target has one of the kinds, or none of them can be made of its own.
    What was made is said among the problems, as a note; errors that only concerned the old kind are dropped.
    ``normal`` is the class that the user calls the normal one.

    Raises:
        DiascopeError: a label map cannot be read, with the case's id; or the values make no such target.
        OptionError: a normal class was named that there is not, or for a target without one.
    """
    target = dataset.targets[name]
    old = KINDS.load(target.kind)
    found = next((kind for kind in map(KINDS.load, kinds) if old.name in kind.derived), None)
    derivation = found.derived[old.name] if found else None
    if normal is not None and (derivation is None or derivation.chosen is None):
        raise OptionError(
            f"the target {name!r} has no normal class to be named", got=f"target.normal = {normal}", fix="leave it out"
        )
    if derivation is None or found is None or (old.name in kinds and normal is None):
        return dataset
    values = [] if old.is_map else [c.targets.get(name) for c in dataset.cases]
    known = [v for v in values if v is not None]
    new = derivation.target(target, known) if normal is None else _chosen(derivation, target, normal)
    if new == target:  # it was made before, as the plan says
        return dataset
    cases = tuple(_derived(dataset, case, name, target=target, derivation=derivation) for case in dataset.cases)
    made = dataset.model_copy(update={"cases": cases})
    text = f"target {name}: {found.name} made of its {old.name}, as the task asks for"
    text += f"; its classes are {', '.join(new.classes)}" if new.classes else ""
    note = Problem(level="note", code="derived", message=text, target=name)
    problems = (*_problems(dataset, name, new, cases), *_remarks(made, name, new), note)
    return dataset.model_copy(update={"cases": cases, "targets": {**dataset.targets, name: new}, "problems": problems})


def _chosen(derivation: Derivation, target: Target, normal: str) -> Target:
    if derivation.chosen is None:
        raise ValueError("this kind has no normal class")
    return derivation.chosen(target, normal)


def _derived(dataset: Dataset, case: Case, name: str, *, target: Target, derivation: Derivation) -> Case:
    value = case.targets.get(name)
    if value is None:
        return case
    try:
        made = derivation.value(target, _labels(dataset, case, value) if derivation.reads else value)
    except Exception as error:
        error.add_note(f"case {case.id}")
        raise
    return case.model_copy(update={"targets": {**case.targets, name: made}})


def _remarks(dataset: Dataset, name: str, target: Target) -> list[Problem]:
    """Return what the new kind says of each label map, which is read for it where it says anything."""
    remarks = KINDS.load(target.kind).remarks
    if remarks is None:
        return []
    said = {}
    for case in dataset.cases:
        if isinstance(value := case.targets.get(name), Source):
            try:
                said[case.id] = remarks(target, _labels(dataset, case, value))
            except Exception as error:
                error.add_note(f"case {case.id}")
                raise
    return remarked(name, said)


def _labels(dataset: Dataset, case: Case, value: Any) -> Any:
    """Return a label map's array on the grid of the case's first image."""
    if not isinstance(value, Source):
        return value
    root = Path(dataset.root)
    grid = read_header(root, next(iter(case.images.values()))).geometry
    return label_array(read_labels(root, value, grid))


def _problems(dataset: Dataset, name: str, target: Target, cases: Sequence[Case]) -> list[Problem]:
    """Return the problems that still hold, all but those of the old kind's values, and those of the new one's."""
    others = [p for p in dataset.problems if p.target != name or p.code in OF_ANY_KIND]
    wrong = wrong_labels(name, target, cases)
    return others if wrong is None else [wrong, *others]


OF_ANY_KIND = {"image_without_label", "mask_on_other_grid", "mask_resampled", "missing_labels"}
"""Codes of problems that concern a target whatever its kind."""
