"""What is wrong with the targets: masks that do not fit, labels that are missing, classes with too few cases."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diascope.core.documents.dataset import Case, Problem, Target
from diascope.core.families import KINDS
from diascope.curate.draft import Draft
from diascope.curate.image_findings import Facts
from diascope.curate.splits import FOLDS

MOST_MASK_VALUES = 255
"""A label map with more different numbers than this is taken for a picture (chosen here: TotalSegmentator has 117)."""


def declare_masks(draft: Draft, facts: Facts) -> None:
    """Give each undeclared mask target the values that its label maps hold, background first."""
    for name, target in draft.targets.items():
        kind = KINDS.load(target.kind)
        if not kind.is_map or target.values or kind.counts_objects:
            continue
        found = sorted({v for f in facts.values() if name in f.masks for v in f.masks[name].voxels})
        if len(found) > MOST_MASK_VALUES:
            draft.problems.append(_too_many(name, len(found)))
            found = found[:MOST_MASK_VALUES]
        values = (0, *(v for v in found if v != 0))
        names = ("foreground",) if len(values) == 2 else tuple(f"value {v}" for v in values[1:])
        draft.targets[name] = Target(kind=target.kind, classes=("background", *names), values=values)


def _too_many(name: str, count: int) -> Problem:
    return Problem(
        level="error",
        code="mask_is_no_label_map",
        message=f"target {name}: its masks hold {count} different values, expected at most {MOST_MASK_VALUES}: are "
        "they pictures, or were they saved as JPEG? Save label maps without loss, one number for each class; where "
        "every number is an object of its own, ask for --task instances",
        target=name,
    )


def check_masks(draft: Draft, facts: Facts, *, resample: bool) -> None:
    """Find label maps on another grid, with undeclared values, or without any foreground."""
    for name, target in draft.targets.items():
        if not KINDS.load(target.kind).is_map:
            continue
        maps = {i: f.masks[name] for i, f in facts.items() if name in f.masks}
        other = [i for i, m in maps.items() if m.other_grid]
        if other:
            draft.problems.append(_other_grid(name, other, str(maps[other[0]].other_grid), resample=resample))
        named = set(target.values) if target.values else {v for m in maps.values() for v in m.voxels}
        unknown = {i: sorted(set(m.voxels) - named) for i, m in maps.items()}
        unknown = {i: values for i, values in unknown.items() if values}
        if unknown:
            draft.problems.append(_undeclared(name, target, unknown))
        draft.problems += remarked(name, {i: m.remarks for i, m in maps.items()})
        empty = [i for i, m in maps.items() if set(m.voxels) <= {0}]
        if empty:
            draft.note("empty_mask", f"target {name}: {len(empty)} masks hold background only", empty)


def remarked(name: str, said: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """Return one warning for each code that the kind's remarks carry: the first case's sentence, and all cases."""
    cases: dict[str, list[str]] = {}
    for case_id, remarks in said.items():
        for code in remarks:
            cases.setdefault(code, []).append(case_id)
    return [
        _about(name, "warning", code, f"target {name}: {len(ids)} maps; in {ids[0]}, {said[ids[0]][code]}", ids)
        for code, ids in cases.items()
    ]


def _other_grid(name: str, ids: list[str], text: str, *, resample: bool) -> Problem:
    if resample:
        what = f"target {name}: {len(ids)} masks lie on another grid than their image and are resampled to it, as asked"
        return Problem(level="warning", code="mask_resampled", message=what, cases=tuple(ids), target=name)
    what = f"target {name}: {len(ids)} masks lie on another grid than their image; in {ids[0]}: {text}"
    return Problem(level="error", code="mask_on_other_grid", message=what, cases=tuple(ids), target=name)


def _undeclared(name: str, target: Target, unknown: Mapping[str, list[int]]) -> Problem:
    values = sorted({v for found in unknown.values() for v in found})
    first = next(iter(unknown))
    shown = ", ".join(map(str, values[:10])) + (" …" if len(values) > 10 else "")
    declared = ", ".join(f"{v} {c}" for v, c in list(zip(target.values, target.classes, strict=True))[:10])
    return Problem(
        level="error",
        code="undeclared_values",
        message=f"target {name}: {len(unknown)} masks hold values that no class names: {shown} (first in {first}); "
        f"expected only {declared}; name them among the labels, or correct the masks",
        cases=tuple(unknown),
        target=name,
    )


def check_labels(draft: Draft) -> None:
    """Find values that the target's kind does not accept, and count the missing ones."""
    for name, target in draft.targets.items():
        kind = KINDS.load(target.kind)
        used = [c for c in draft.cases if c.id not in draft.left_out]
        missing = [c.id for c in used if c.targets.get(name) is None]
        if missing:
            what = "images have no mask" if kind.is_map else "cases have no label"
            text = f"target {name}: {len(missing)} of {len(used)} {what}: {_few(missing)}"
            draft.problems.append(_about(name, "warning", "image_without_label", text, missing))
        if (wrong := wrong_labels(name, target, used)) is not None:
            draft.problems.append(wrong)
        if kind.is_multiple:
            _count_missing_labels(draft, name, target, used)


def wrong_labels(name: str, target: Target, cases: Sequence[Case]) -> Problem | None:
    """Return the error that says which cases have a value that the kind does not accept; maps are checked when read."""
    kind = KINDS.load(target.kind)
    if kind.is_map:
        return None
    wrong = {c.id: kind.check(target, c.targets.get(name)) for c in cases}
    wrong = {i: texts for i, texts in wrong.items() if texts}
    if not wrong:
        return None
    first = next(iter(wrong))
    text = f"target {name}: {len(wrong)} cases have a label that cannot be: in {first}, {wrong[first][0]}"
    return _about(name, "error", "wrong_label", text, list(wrong))


def _count_missing_labels(draft: Draft, name: str, target: Target, used: list[Case]) -> None:
    values = [c.targets.get(name) for c in used]
    gaps = sum(v.get(label) is None for v in values if isinstance(v, dict) for label in target.classes)
    if gaps:
        all_labels = len(used) * len(target.classes)
        text = f"target {name}: {gaps} of {all_labels} labels are missing; they count in no loss and no metric"
        draft.problems.append(_about(name, "note", "missing_labels", text, []))


def _about(name: str, level: Any, code: str, text: str, ids: list[str]) -> Problem:
    return Problem(level=level, code=code, message=text, cases=tuple(ids), target=name)


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")


@dataclass(frozen=True)
class Presence:
    """What every case counts for by one target: the names of its classes, or its number as text."""

    target: Target
    names: dict[str, tuple[str, ...]]

    def strata(self, ids: list[str]) -> list[str]:
        """Return the stratum of each case."""
        return KINDS.load(self.target.kind).strata(self.target, [self.names[i] for i in ids])


def find_presence(name: str, target: Target, cases: list[Case], facts: Facts) -> Presence:
    """Return what each case counts for; a mask counts for the classes in it."""
    kind = KINDS.load(target.kind)
    names = {}
    for case in cases:
        value = case.targets.get(name)
        if kind.is_map:
            found = facts[case.id].masks.get(name) if case.id in facts else None
            value = None if found is None else np.array(sorted(found.voxels))
        names[case.id] = kind.present(target, value)
    return Presence(target, names)


def check_counts(draft: Draft, name: str, presence: Presence, groups: Mapping[str, str]) -> None:
    """Find what the kind lacks to be learned, and classes with too few patients or cases for every fold to have one."""
    kind = KINDS.load(presence.target.kind)
    if lacking := kind.lacking(presence.target, list(presence.names.values())):
        draft.problems.append(_about(name, "error", "cannot_be_learned", f"target {name}: {lacking}", []))
    if not kind.has_classes:
        return
    holders: dict[str, set[str]] = {c: set() for c in presence.target.classes}
    for case_id, names in presence.names.items():
        for class_name in names:
            if class_name in holders:
                holders[class_name].add(groups.get(case_id, case_id))
    if kind.is_map:
        holders.pop(presence.target.classes[0] if presence.target.classes else "", None)
    sizes = Counter({c: len(held) for c, held in holders.items()})
    alone = sorted(c for c, n in sizes.items() if n < 2)
    few = sorted(c for c, n in sizes.items() if 2 <= n < FOLDS)
    if alone:
        level = "error" if kind.is_exclusive else "warning"
        counts = ", ".join(f"{c} ({sizes[c]})" for c in alone)
        text = (
            f"target {name}: classes with fewer than 2 cases cannot be both learned and tested: {counts}; "
            "add cases, merge the class with another, or leave its cases out"
        ) + _unheld([c for c in alone if not sizes[c]])
        ids = [i for i, names in presence.names.items() if set(names) & set(alone)]
        draft.problems.append(_about(name, level, "class_too_small", text, ids))
    if few:
        counts = ", ".join(f"{c} ({sizes[c]})" for c in few)
        text = f"target {name}: classes with fewer cases than {FOLDS} folds are absent from some folds: {counts}"
        draft.problems.append(_about(name, "warning", "class_small", text, []))
    if kind.is_exclusive and len(presence.target.classes) < 2:
        text = f"target {name}: all cases belong to one class, so there is nothing to tell apart"
        draft.problems.append(_about(name, "error", "one_class", text, []))


def _unheld(names: list[str]) -> str:
    return f"; take {', '.join(names)}, which no case has, out of the target's classes" if names else ""
