"""How the target of other data differs from a run's, in words."""

from collections.abc import Sequence

from diascope.core.documents.dataset import Target
from diascope.core.errors import InputError


def stand_ins(value: int) -> set[str]:
    """Return what a class of a label map is called where nobody has named it."""
    return {"foreground", f"value {value}"}


def matched_by_value(found: Target, known: Target) -> list[str]:
    """Return a sentence where the run's classes have no names of their own and took those numbers of the data."""
    names = dict(zip(found.values, found.classes, strict=False))
    pairs = [
        f"{v} is {names[v]} in the data and {c} in the run"
        for v, c in zip(known.values, known.classes, strict=False)
        if v and v in names and names[v] != c and c in stand_ins(v)
    ]
    return [f"the classes were matched by their numbers: {'; '.join(pairs)}"] if pairs else []


def other_target(name: str, known: Target, found: Target | None, there: Sequence[str]) -> InputError:
    """Return the error that says which classes differ, and what to write where.

    Args:
        name: of the run's target.
        known: the run's target.
        found: that of the data, None where they have none of this name.
        there: names of the data's targets.
    """
    what = f"the data have another target than the run's {name!r}"
    if found is None:
        names = ", ".join(there) or "none"
        fix = f"call the column or target {name!r}, in the table or in dataset.yaml"
        return InputError(what, expected=f"a target {name!r}", got=f"targets: {names}", fix=fix)
    if (found.kind, found.unit) != (known.kind, known.unit):
        fix = "evaluate on data with references of the same kind and unit"
        return InputError(what, expected=_kind(known), got=_kind(found), fix=fix)
    listed = f"in dataset.yaml under targets: {name}: (diascope inspect DATA --write dataset.yaml makes it)"
    if not known.values:
        unknown = ", ".join(c for c in found.classes if c not in known.classes)
        return InputError(
            f"{what}: the run does not know {unknown}",
            expected=f"classes among {', '.join(known.classes)}",
            got=", ".join(found.classes),
            fix=f"write the run's names for the same classes in the labels or {listed}, and leave out cases of others",
        )
    return InputError(
        f"{what}: {'; '.join(_differences(known, found))}",
        expected=_numbered(known),
        got=_numbered(found),
        fix="where the numbers mean the same, write the run's names: in dataset.json under labels, or "
        f"{listed} as classes: [{', '.join(known.classes)}], values: {list(known.values)}; "
        "where they do not, write the masks again with the run's numbers",
    )


def _kind(target: Target) -> str:
    return target.kind + (f" in {target.unit}" if target.unit else "")


def _differences(known: Target, found: Target) -> list[str]:
    names = dict(zip(known.values, known.classes, strict=True))
    said = []
    for value, name in zip(found.values, found.classes, strict=True):
        if value not in names:
            said.append(f"{value} is {name} in the data and unknown to the run")
        elif value and name != names[value] and not {name, names[value]} & stand_ins(value):
            said.append(f"{value} is {name} in the data and {names[value]} in the run")
    return said


def _numbered(target: Target) -> str:
    return ", ".join(f"{v} {c}" for v, c in zip(target.values, target.classes, strict=True))
