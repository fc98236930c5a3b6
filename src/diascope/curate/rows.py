"""From a table's columns to patients, attributes, targets and splits of the cases that its rows list."""

from collections.abc import Collection, Sequence

from diascope.core.documents.dataset import Case, Source, Target, Value
from diascope.curate.columns import (
    binary,
    class_name,
    class_names,
    counts_rows,
    is_binary,
    kind_of,
    looks_like_patients,
    number,
    role,
    unit_of,
)
from diascope.curate.draft import Draft, Given, given_from_parts, held_out
from diascope.curate.events import event_target, find_event_columns
from diascope.curate.paths import Resolver
from diascope.curate.table import Table

LABELS = "labels"
"""Name of the target that several yes/no columns make together."""

SURVIVAL = "survival"
"""Name of the target that a column of times and one of events make together."""


def add_masks(draft: Draft, table: Table, column: str, resolver: Resolver) -> None:
    """Add a mask target whose label maps a column names; one that does not exist is missing, and said."""
    absent = []
    for n, row in enumerate(table.rows):
        path = resolver.find(row[column], by_stem=True)
        if path is None and row[column] is not None:
            absent.append(draft.cases[n].id)
        value = None if path is None else Source(path=path)
        draft.used.update([path] if path else [])
        draft.cases[n] = with_target(draft.cases[n], column, value)
    draft.targets[column] = Target(kind="mask")
    if absent:
        draft.warn("label_file_missing", f"{len(absent)} files that the column {column!r} names do not exist", absent)


def add_columns(draft: Draft, table: Table, paths: Collection[str]) -> None:
    """Give each case (one a row) its patient, visit, site, attributes, targets and part of a split."""
    roles = {c: role(c) for c in table.columns if c not in paths}
    for name in ("patient", "visit", "site"):
        if column := next((c for c, r in roles.items() if r == name), None):
            draft.cases = [
                c.model_copy(update={name: row[column]}) for c, row in zip(draft.cases, table.rows, strict=True)
            ]
    candidates = [c for c, r in roles.items() if r == "candidate"]
    chosen = choose_targets(table, [c for c, r in roles.items() if r == "target"], candidates)
    chosen = _without_row_numbers(draft, table, chosen)
    if "patient" not in roles.values():
        _say_maybe_patients(draft, table, candidates)
    _add_survival(draft, table, [c for c, r in roles.items() if r == "candidate"], chosen)
    add_targets(draft, table, chosen)
    learned = {*draft.targets, *(name for t in draft.targets.values() for name in t.classes)}.intersection(chosen)
    others = [c for c, r in roles.items() if r in {"attribute", "candidate", "target"} and c not in learned]
    add_attributes(draft, table, others)
    _add_split(draft, table, roles)


def _without_row_numbers(draft: Draft, table: Table, chosen: list[str]) -> list[str]:
    """Return the columns to learn but those that only count the rows, which are said."""
    counting = [c for c in chosen if role(c) == "candidate" and counts_rows(table.cells(c))]
    for column in counting:
        numbers = [n for n in map(number, filter(None, table.cells(column))) if n is not None]
        draft.note(
            "row_numbers",
            f"the column {column!r} of {table.name} holds each number from {min(numbers):.0f} to {max(numbers):.0f} "
            f"once, as row numbers do, so it is no target; --target {column} learns it all the same",
        )
    return [c for c in chosen if c not in counting]


def _say_maybe_patients(draft: Draft, table: Table, candidates: Sequence[str]) -> None:
    """Name the columns that may say which images are of one patient; their values stand in no message."""
    for column in candidates:
        cells = [c for c in table.cells(column) if c is not None]
        if looks_like_patients(cells):
            draft.note(
                "maybe_patients",
                f"the column {column!r} of {table.name} looks like a patient column: {len(set(cells))} different "
                f"values in {len(cells)} rows; if it is one, call it 'patient' in the table or give each case its "
                "patient in dataset.yaml: else images of one patient are both trained and tested on, and the "
                "measured quality is too good",
            )


def _add_survival(draft: Draft, table: Table, candidates: Sequence[str], chosen: Sequence[str]) -> None:
    """Add an event made of a column of times and one of events, beside what each of them makes alone."""
    found = find_event_columns({c: table.cells(c) for c in candidates})
    if found is None or any(role(c) == "target" for c in chosen):
        return
    target, values = event_target(table.cells(found.time), table.cells(found.event), found)
    _set(draft, _free_name(SURVIVAL, table), target, values)
    draft.note(
        "survival",
        f"the columns {found.time!r} and {found.event!r} of {table.name} are times and events: --task survival learns "
        f"them together, told at {', '.join(f'{h:g}' for h in target.horizons) or 'no horizon'}"
        f"{' ' + target.unit if target.unit else ''} (horizons in dataset.yaml)",
    )


def choose_targets(table: Table, named: list[str], candidates: list[str]) -> list[str]:
    """Return the columns to learn: those named so, else every one that is neither path nor attribute."""
    chosen = [c for c in named if kind_of(table.cells(c), is_named=True)]
    return chosen or [c for c in candidates if kind_of(table.cells(c)) or is_binary(table.cells(c))]


def add_targets(draft: Draft, table: Table, columns: list[str]) -> None:
    """Add a target for each column; yes/no columns that have no target's name become one target together."""
    together = [c for c in columns if role(c) == "candidate" and is_binary(table.cells(c))]
    if len(together) > 1:
        _add_labels(draft, table, together)
    for column in columns:
        if len(together) < 2 or column not in together:
            add_target(draft, column, table.cells(column), is_named=role(column) == "target")


def _add_labels(draft: Draft, table: Table, columns: list[str]) -> None:
    """Add several yes/no columns as one target: one class where each row has exactly one yes, else a label for each."""
    values = [{c: binary(row[c]) for c in columns} for row in table.rows]
    name = _free_name(LABELS, table)
    if all(sorted(v.values(), key=str) == [0] * (len(columns) - 1) + [1] for v in values):
        single: list[Value] = [next(c for c, v in row.items() if v == 1) for row in values]
        _set(draft, name, Target(kind="class", classes=tuple(columns)), single)
        draft.note(
            "one_hot",
            f"each row has exactly one 1 in {', '.join(columns)}: they are taken as one class with these values",
        )
        return
    several: list[Value] = [v if any(x is not None for x in v.values()) else None for v in values]
    _set(draft, name, Target(kind="classes", classes=tuple(columns)), several)


def _free_name(name: str, table: Table) -> str:
    return name if name not in table.columns else f"{name}_"


def add_target(draft: Draft, name: str, cells: Sequence[str | None], *, is_named: bool) -> None:
    """Add one column as a class or a value, whichever its values make."""
    target, values = target_of(cells, is_named=is_named, name=name)
    if target is not None:
        _set(draft, name, target, values)


def target_of(cells: Sequence[str | None], *, is_named: bool, name: str = "") -> tuple[Target | None, list[Value]]:
    """Return the target that a column makes, and each case's value; None where it makes none.

    A number's unit is the one that the column's ``name`` ends in.
    """
    kind = kind_of(cells, is_named=is_named)
    if kind == "value":
        return Target(kind="value", unit=unit_of(name)), [None if c is None else number(c) for c in cells]
    if kind == "class":
        classes, spelling = class_names(cells)
        names = [class_name(c) for c in cells]
        return Target(kind="class", classes=classes), [None if n is None else spelling[n] for n in names]
    return None, []


def _set(draft: Draft, name: str, target: Target, values: Sequence[Value]) -> None:
    draft.targets[name] = target
    draft.cases = [with_target(c, name, v) for c, v in zip(draft.cases, values, strict=True)]


def with_target(case: Case, name: str, value: Value) -> Case:
    """Return the case with one target's value."""
    return case.model_copy(update={"targets": {**case.targets, name: value}})


def add_attributes(draft: Draft, table: Table, columns: list[str]) -> None:
    """Keep columns as they stand: numbers where a whole column is numbers, else text."""
    for column in columns:
        cells = table.cells(column)
        numeric = all(c is None or number(c) is not None for c in cells)
        values = [c if c is None or not numeric else number(c) for c in cells]
        draft.cases = [
            c.model_copy(update={"attributes": {**c.attributes, column: v}})
            for c, v in zip(draft.cases, values, strict=True)
        ]
    draft.attributes = (*draft.attributes, *columns)


def _add_split(draft: Draft, table: Table, roles: dict[str, str]) -> None:
    ids = [c.id for c in draft.cases]
    if column := next((c for c, r in roles.items() if r == "split"), None):
        words = {i: cell for i, cell in zip(ids, table.cells(column), strict=True) if cell is not None}
        draft.given = given_from_parts(f"column {column!r} of {table.name}", words)
    elif column := next((c for c, r in roles.items() if r == "fold"), None):
        draft.given = _given_folds(ids, table, column)


def _given_folds(ids: list[str], table: Table, column: str) -> Given | None:
    """Return one fold for each value of a column: its cases validate, all others with a value train."""
    cells = {i: cell for i, cell in zip(ids, table.cells(column), strict=True) if cell is not None}
    test = tuple(i for i, cell in cells.items() if cell.lower() in {"test", "testing"})
    numbers, _ = class_names(cell for i, cell in cells.items() if i not in set(test))
    parts = {n: tuple(i for i, cell in cells.items() if class_name(cell) == n) for n in numbers}
    folds = tuple((tuple(i for m in numbers if m != n for i in parts[m]), parts[n]) for n in numbers)
    origin = f"column {column!r} of {table.name}"
    if len(folds) > 1:
        return Given(origin, folds, test)
    return Given(origin, (), test, pool=tuple(parts[numbers[0]]) if numbers else ()) if test else None


def merge_repeated(draft: Draft, table_name: str) -> None:
    """Keep one of several rows that name the same images; where their labels differ, leave all of them out."""
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in draft.cases:
        if case.id not in draft.left_out:
            groups.setdefault(tuple(s.path for s in case.images.values()), []).append(case)
    dropped: list[str] = []
    held = held_out(draft.given)
    for same in (g for g in groups.values() if len(g) > 1):
        same.sort(key=lambda c: c.id not in held)
        ids = [c.id for c in same]
        if all(c.targets == same[0].targets for c in same):
            dropped += ids[1:]
            continue
        draft.left_out.update(
            dict.fromkeys(ids, f"{table_name} lists its image {len(ids)} times with different labels")
        )
        draft.warn(
            "contradicting_copies",
            f"{table_name} lists one image {len(ids)} times with different labels: left out",
            ids,
        )
    if dropped:
        gone = set(dropped)
        draft.cases = [c for c in draft.cases if c.id not in gone]
        draft.warn(
            "repeated_rows", f"{table_name} lists {len(dropped)} images more than once; each is taken once", dropped
        )
        _forget(draft, gone)


def _forget(draft: Draft, gone: set[str]) -> None:
    """Take ids out of the split that was given."""
    if draft.given is None:
        return

    def keep(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(i for i in ids if i not in gone)

    folds = tuple((keep(train), keep(validation)) for train, validation in draft.given.folds)
    pool = None if draft.given.pool is None else keep(draft.given.pool)
    draft.given = Given(draft.given.origin, folds, keep(draft.given.test), pool)
