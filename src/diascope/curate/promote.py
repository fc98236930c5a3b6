"""Making a target of what is only an attribute, or one label of several."""

from collections.abc import Iterable

from diascope.core.documents.dataset import Case, Dataset, Target, Value
from diascope.core.errors import OptionError, nearest
from diascope.core.families import KINDS
from diascope.curate.columns import is_amount, number, unit_of
from diascope.curate.draft import Draft
from diascope.curate.rows import target_of, with_target

_PERSONAL = {"site", "visit"}


def target_from_attribute(dataset: Dataset, name: str) -> Dataset:
    """Return the data set with an attribute, a site or visit, or one of several yes/no labels as a target of its own.

    The splits stay as they are: give ``target`` to ``read_dataset`` to have new ones stratified by it.

    Raises:
        OptionError: there is no such name (the nearest is named), or its values can be neither class nor value.
    """
    if name in dataset.targets:
        return dataset
    target, values = _promoted(dataset.cases, dataset.targets, dataset.attributes, name)
    cases = tuple(_moved(c, name, v) for c, v in zip(dataset.cases, values, strict=True))
    return dataset.model_copy(
        update={
            "cases": cases,
            "targets": {**dataset.targets, name: target},
            "attributes": tuple(a for a in dataset.attributes if a != name),
        }
    )


def promote(draft: Draft, name: str) -> None:
    """Do the same to a data set that is being read, and make it the only target.

    Raises:
        OptionError: see ``target_from_attribute``.
    """
    if name not in draft.targets:
        target, values = _promoted(draft.cases, draft.targets, draft.attributes, name)
        draft.cases = [_moved(c, name, v) for c, v in zip(draft.cases, values, strict=True)]
        draft.targets[name] = target
        draft.attributes = tuple(a for a in draft.attributes if a != name)


def _moved(case: Case, name: str, value: Value) -> Case:
    attributes = {k: v for k, v in case.attributes.items() if k != name}
    return with_target(case.model_copy(update={"attributes": attributes}), name, value)


def _promoted(
    cases: Iterable[Case], targets: dict[str, Target], attributes: tuple[str, ...], name: str
) -> tuple[Target, list[Value]]:
    cases = list(cases)
    multiple = {n: t.classes for n, t in targets.items() if KINDS.load(t.kind).is_multiple}
    several = next((n for n, classes in multiple.items() if name in classes), None)
    if name in attributes:
        cells = [_cell(c.attributes.get(name)) for c in cases]
    elif several is not None:
        cells = [_label(c.targets.get(several), name) for c in cases]
    elif name in _PERSONAL and any(getattr(c, name) is not None for c in cases):
        cells = [getattr(c, name) for c in cases]
    else:
        labels = [label for classes in multiple.values() for label in classes]
        raise OptionError(f"there is no target or column {name!r}", fix=nearest(name, [*targets, *attributes, *labels]))
    numeric = all(c is None or number(c) is not None for c in cells)
    if numeric and is_amount(name) and any(c is not None for c in cells):
        return Target(kind="value", unit=unit_of(name)), [None if c is None else number(c) for c in cells]
    one = len({c for c in cells if c is not None}) == 1  # data to evaluate on may lack all classes but one
    target, values = target_of(cells, is_named=one or not numeric, name=name)
    if target is None:
        raise OptionError(
            f"{name!r} cannot be learned: it has no value", expected="classes or numbers", got="missing cells only"
        )
    return target, values


def _cell(value: str | float | None) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)


def _label(value: Value, name: str) -> str | None:
    found = value.get(name) if isinstance(value, dict) else None
    return None if found is None else str(found)
