"""A data set as ``diascope inspect`` shows it: text for people, values for programs."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diascope.core.documents.dataset import Dataset, Problem, Target
from diascope.core.families import KINDS

UNREADABLE = "unreadable"
"""Code of the problem that names cases whose files are missing or damaged."""

MOST_CASES = 8
"""Cases that a problem names on the screen (copies: all of them); ``--json`` and ``--write`` give all."""


@dataclass(frozen=True)
class Section:
    """A heading with rows; each row's first cells are short and its last one may be long."""

    title: str
    rows: list[tuple[str, ...]]


def render(dataset: Dataset, *, terminal: bool = False) -> str:
    """Return everything that is known of a data set as text, for a terminal as tables of its width."""
    parts = [Section(_title(dataset), _overview(dataset)), _targets(dataset), *_problems(dataset)]
    return _tables(parts) if terminal else "\n\n".join(_plain(s) for s in parts)


def as_json(dataset: Dataset) -> dict[str, Any]:
    """Return the document's content with a ``summary``: counts, balance and the inferred task of each target."""
    return {**dataset.content(), "summary": summarise(dataset)}


def exit_code(dataset: Dataset) -> int:
    """Return 3 where some cases could not be read, else 0: whatever else is listed is the answer, no failure."""
    return 3 if any(p.code == UNREADABLE for p in dataset.problems) else 0


def summarise(dataset: Dataset) -> dict[str, Any]:
    """Return the counts that the text shows."""
    patients = {c.patient for c in dataset.cases if c.patient is not None}
    return {
        "cases": len(dataset.cases),
        "patients": len(patients) if patients else None,
        "left_out": len(dataset.left_out),
        "problems": dict(Counter(p.level for p in dataset.problems)),
        "targets": {name: _summarise(dataset, name, target) for name, target in dataset.targets.items()},
    }


def _summarise(dataset: Dataset, name: str, target: Target) -> dict[str, Any]:
    kind = KINDS.load(target.kind)
    values = [c.targets.get(name) for c in dataset.cases]
    summary: dict[str, Any] = {
        "kind": target.kind,
        "task": kind.default_task,
        "missing": sum(v is None for v in values),
    }
    if not kind.has_classes:
        numbers = sorted(float(v) for v in values if isinstance(v, (int, float)))
        if numbers:
            middle = numbers[len(numbers) // 2]
            summary["range"] = {"minimum": numbers[0], "median": middle, "maximum": numbers[-1]}
    elif kind.is_map:
        found = dataset.measured.present.get(name, {}) if dataset.measured else {}
        summary["cases_with"] = {c: found.get(c) for c in target.classes[1:]}
    else:
        counts = Counter(c for v in values for c in kind.present(target, v))
        summary["cases_with"] = {c: counts.get(c, 0) for c in target.classes}
    return summary


def _title(dataset: Dataset) -> str:
    others = f"; would also fit: {', '.join(dataset.other_layouts)}" if dataset.other_layouts else ""
    return f"{dataset.name} (layout {dataset.layout}{others})"


def _overview(dataset: Dataset) -> list[tuple[str, ...]]:
    patients = {c.patient for c in dataset.cases if c.patient is not None}
    known = str(len(patients)) if patients else "not known"
    count = f"{len(dataset.cases)}, left out {len(dataset.left_out)}, files ignored {dataset.ignored}"
    rows: list[tuple[str, ...]] = [("cases", count), ("patients", known)]
    channels = ", ".join(
        c + (f" ({_planes(dataset.components[c])})" if c in dataset.components else "") for c in dataset.channels
    )
    rows.append(("images", f"{dataset.axes}, modality {_modality(dataset)}"))
    rows.append(("channels", channels))
    if found := dataset.measured:
        rows.append(("size", f"{_span(found.shape)} voxels, stored as {', '.join(found.stored_as)}"))
        rows.append(("spacing", "not known" if found.spacing_mm is None else f"{_span(found.spacing_mm)} mm"))
    for name, found_ids in (("visits", {c.visit for c in dataset.cases}), ("sites", {c.site for c in dataset.cases})):
        if found_ids - {None}:
            rows.append((name, str(len(found_ids - {None}))))
    if dataset.attributes:
        rows.append(("attributes", ", ".join(dataset.attributes)))
    return [*rows, ("splits", _splits(dataset))]


def _modality(dataset: Dataset) -> str:
    """Return the modality; where cases differ, how many cases have which, as the problem counts them in brackets."""
    mixed = next((p.message for p in dataset.problems if p.code == "mixed_modalities"), "")
    counts = re.search(r"\((.+?)\)", mixed)
    return dataset.modality or (f"mixed: {counts[1]}" if counts else "not known")


def _planes(count: int) -> str:
    return "RGB" if count == 3 else f"{count} components"


def _span(values: Sequence[Sequence[float]]) -> str:
    """Return minimum, median and maximum along each axis in few words."""
    low, middle, high = (" x ".join(f"{v:.4g}" for v in row) for row in values)
    return middle if low == high else f"median {middle} ({low} to {high})"


def _splits(dataset: Dataset) -> str:
    splits = dataset.splits
    if splits is None:
        return f"none: too few {'cases' if all(c.patient is None for c in dataset.cases) else 'patients'}"
    sizes = [f"{len(f.train)}+{len(f.validation)}" for f in splits.folds]
    same = f"{len(sizes)} x {sizes[0]}" if len(set(sizes)) == 1 and len(sizes) > 1 else ", ".join(sizes)
    folds = "1 fold" if len(sizes) == 1 else f"{len(sizes)} folds"
    return f"{splits.origin}; {folds} (train+validation): {same}; test {len(splits.test)}; by {splits.grouped_by}"


def _targets(dataset: Dataset) -> Section:
    rows: list[tuple[str, ...]] = []
    for name, found in summarise(dataset)["targets"].items():
        rows.append((name, found["kind"], found["task"] or "needs --task", _balance(found)))
    if not rows:
        rows = [("none", "nothing says what to learn; --target takes an attribute, if there is one")]
    count = len(dataset.targets)
    title = f"Targets ({count}; plan and train need --target)" if count > 1 else "Target"
    return Section(title, rows)


def _balance(found: dict[str, Any]) -> str:
    if "range" in found:
        low, middle, high = (f"{v:.4g}" for v in found["range"].values())
        text = f"median {middle} ({low} to {high})"
    else:
        counts = found.get("cases_with", {})
        text = ", ".join(f"{c} {'?' if n is None else n}" for c, n in counts.items())
    return f"{text}; missing {found['missing']}" if found["missing"] else text


def _problems(dataset: Dataset) -> list[Section]:
    """Return errors and warnings, then notes, then the cases left out."""
    sections = []
    for title, levels in (("Problems", ("error", "warning")), ("Notes", ("note",))):
        found = [p for p in dataset.problems if p.level in levels]
        if found:
            sections.append(Section(f"{title} ({len(found)})", [_problem_row(p) for p in found]))
    if dataset.left_out:
        sections.append(Section(f"Left out ({len(dataset.left_out)})", list(dataset.left_out.items())))
    return sections


def _problem_row(problem: Problem) -> tuple[str, ...]:
    unsaid = [c for c in problem.cases if not _is_said(c, problem.message)]
    shown = unsaid if "copies" in problem.code else unsaid[:MOST_CASES]
    more = f", … {len(unsaid) - len(shown)} more" if len(unsaid) > len(shown) else ""
    cases = f" [{', '.join(shown)}{more}]" if shown else ""
    return (problem.level, problem.code, problem.message + cases)


def _is_said(case: str, message: str) -> bool:
    """Answer whether a message names a case: as a word that could be nothing else (``4`` may count cases)."""
    if case.isdigit() or (len(case) < 3 and case.isalpha()):
        return False
    return re.search(rf"(?<![\w.-]){re.escape(case)}(?![\w-]|\.\w)", message) is not None


def _plain(section: Section) -> str:
    """Return a section as aligned columns."""
    widths: dict[int, int] = {}
    for row in section.rows:
        for n, cell in enumerate(row[:-1]):
            widths[n] = max(widths.get(n, 0), len(cell))
    lines = ["  ".join([*(c.ljust(widths[n]) for n, c in enumerate(row[:-1])), row[-1]]) for row in section.rows]
    return "\n".join([section.title, *(f"  {line}" for line in lines)])


STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def _tables(sections: Sequence[Section]) -> str:
    """Return the sections as tables in the terminal's width and colours."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, force_terminal=True)
    for section in sections:
        columns = max(len(row) for row in section.rows)
        table = Table(title=Text(section.title, "bold"), title_justify="left", box=box.SIMPLE, show_header=False)
        for _ in range(columns):
            table.add_column()
        for row in section.rows:
            cells = [*row[:-1], *[""] * (columns - len(row)), row[-1]]
            table.add_row(*(Text(c) for c in cells), style=STYLES.get(row[0], ""))
        console.print(table)
    return out.getvalue().rstrip("\n")
