"""The data: how many, how divided, how balanced, on which grids, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diascope.core.documents.dataset import Dataset, Problem
from diascope.core.documents.fingerprint import Fingerprint, Spread
from diascope.core.documents.metrics import Metrics
from diascope.core.families import KINDS
from diascope.core.words import listing
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_words import Sheet, count, sheet

LISTED = 300
"""Rows of a list of cases; the rest is counted and stands in ``dataset.yaml``."""

_NAMED = 8
"""Cases named with one problem."""


@dataclass(frozen=True)
class Data:
    """The section's sentences and tables; a table is None where it would be empty."""

    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    balance: Sheet | None
    geometry: Sheet
    intensities: Sheet
    problems: Sheet | None
    left_out: Sheet | None
    left_out_more: int
    refused: Sheet | None
    notes: Sheet | None


def describe_data(evaluation: Evaluation, metrics: Metrics) -> Data:
    """Return all that the report says about the data; patients appear as numbers only."""
    dataset = evaluation.dataset
    return Data(
        sentences=_sentences(evaluation, metrics),
        facts=tuple(_facts(evaluation, metrics)),
        balance=_balance(evaluation),
        geometry=_geometry(evaluation.fingerprint),
        intensities=_intensities(evaluation.fingerprint),
        problems=_problems(dataset.problems),
        left_out=_reasons(dataset.left_out, "Cases that take no part, and why"),
        left_out_more=max(0, len(dataset.left_out) - LISTED),
        refused=_reasons(metrics.refused, "Cases that could not be evaluated, and why"),
        notes=_noted(evaluation.notes),
    )


def patients_of(dataset: Dataset, ids: Iterable[str]) -> int | None:
    """Return the number of patients behind some cases, or None where one is not known."""
    cases = dataset.by_id()
    patients = {cases[i].patient for i in set(ids) if i in cases}
    return None if None in patients or not patients else len(patients)


def _sentences(evaluation: Evaluation, metrics: Metrics) -> tuple[str, ...]:
    dataset, train = evaluation.dataset, set(evaluation.training_ids)
    used = len(dataset.cases)
    patients = patients_of(dataset, (c.id for c in dataset.cases))
    whose = f" of {count(patients, 'patient')}" if patients else ""
    splits = dataset.splits
    how = ""
    if splits:
        origin, _, where = splits.origin.partition(": ")
        made = "is the one given with the data" if origin == "given" else "was made here"
        kept = "no patient lies on both sides" if splits.grouped_by == "patient" else "patients are not known"
        how = f"The division into parts {made} ({where}); {kept}."
    return (
        f"The data set has {count(used, 'case')}{whose}: {len(train)} to learn from and {metrics.cases} evaluated.",
        *([how] if how else []),
    )


def _facts(evaluation: Evaluation, metrics: Metrics) -> Iterable[tuple[str, str]]:
    dataset = evaluation.dataset
    yield "Data set", dataset.name
    yield (
        "Layout",
        dataset.layout + (f" (also fits: {', '.join(dataset.other_layouts)})" if dataset.other_layouts else ""),
    )
    yield "Modality", dataset.modality or "not stated"
    yield "Axes", dataset.axes
    yield "Channels", listing(dataset.channels, 12)
    yield "Target", f"{evaluation.target_name} ({evaluation.target.kind}): {listing(evaluation.target.classes, 20)}"
    yield "Cases learned from", _size(dataset, evaluation.training_ids)
    yield (
        "Cases evaluated",
        f"{count(metrics.cases, 'case')}" + (f", {count(metrics.patients, 'patient')}" if metrics.patients else ""),
    )
    if dataset.splits:
        yield "Test part", count(len(dataset.splits.test), "case") if dataset.splits.test else "none"
        yield "Folds", str(len(dataset.splits.folds))
    yield "Left out", count(len(dataset.left_out), "case")
    yield "Files ignored", str(dataset.ignored)


def _size(dataset: Dataset, ids: Iterable[str]) -> str:
    unique = set(ids)
    patients = patients_of(dataset, unique)
    return count(len(unique), "case") + (f", {count(patients, 'patient')}" if patients else "")


def _balance(evaluation: Evaluation) -> Sheet | None:
    """Return cases for each class in the training and in the evaluated part, with the voxel share of a mask."""
    known = evaluation.fingerprint.targets.get(evaluation.target_name)
    if known is None or not known.counts:
        return None
    seen = _seen(evaluation)
    columns = ["Class", "Cases that may be trained on"]
    columns += ["Cases evaluated"] if seen is not None else []
    columns += ["Share of voxels"] if known.voxel_share else []
    names = list(known.counts)
    rows = []
    for name in names:
        row = [name, str(known.counts[name])]
        row += [str(seen[name])] if seen is not None else []
        row += [f"{known.voxel_share.get(name, 0):.2%}"] if known.voxel_share else []
        rows.append(row)
    return sheet(columns, rows, caption="Balance of the classes")


def _seen(evaluation: Evaluation) -> Counter[str] | None:
    """Return cases for each class in the evaluated part; None for maps, whose voxels are not read again here."""
    kind = KINDS.load(evaluation.target.kind)
    if kind.is_map:
        return None
    cases = evaluation.dataset.by_id()
    values = (cases[i].targets.get(evaluation.target_name) for i in evaluation.case_ids)
    return Counter(name for value in values for name in kind.present(evaluation.target, value))


def _geometry(fingerprint: Fingerprint) -> Sheet:
    unit = "voxels" if fingerprint.ndim == 3 else "pixels"
    spacing = _spread(fingerprint.spacing) if fingerprint.has_spacing else ["not known"] * 3
    rows = [
        ["Spacing (mm)", *spacing],
        [f"Size ({unit})", *_spread(fingerprint.shape)],
        [f"Size without empty border ({unit})", *_spread(fingerprint.shape_cropped)],
    ]
    return sheet(["Along each axis", "Smallest", "Median", "Largest"], rows, caption="Grids of the training cases")


def _spread(spread: Spread) -> list[str]:
    return [" × ".join(f"{v:.4g}" for v in values) for values in (spread.minimum, spread.median, spread.maximum)]


def _intensities(fingerprint: Fingerprint) -> Sheet:
    rows = [
        [
            name + (f" ({c.unit})" if c.unit else ""),
            f"{c.minimum:.6g} to {c.maximum:.6g}",
            f"{c.mean:.4g} ± {c.std:.4g}",
            f"{c.foreground_mean:.4g} ± {c.foreground_std:.4g}",
            str(c.missing),
        ]
        for name, c in fingerprint.channels.items()
    ]
    columns = ["Channel", "Range", "Mean ± SD", "Foreground mean ± SD", "Cases without it"]
    return sheet(columns, rows, caption="Intensities of the training cases")


def _problems(problems: Iterable[Problem]) -> Sheet | None:
    order = {"error": 0, "warning": 1, "note": 2}
    rows = [
        [p.level, p.message, str(len(p.cases)) if p.cases else "–", listing(p.cases, _NAMED) if p.cases else "–"]
        for p in sorted(problems, key=lambda p: order[p.level])
    ]
    if not rows:
        return None
    caption = "What was found wrong or unusual in the data, image quality included"
    return sheet(["Level", "What was found", "Cases", "Which"], rows, caption=caption, numeric=[2])


def _noted(notes: Mapping[str, Sequence[str]]) -> Sheet | None:
    """Return what had to be decided to prepare cases, equal remarks together."""
    cases: dict[str, list[str]] = {}
    for case_id, some in notes.items():
        for note in some:
            cases.setdefault(note, []).append(case_id)
    rows = [[note, str(len(ids)), listing(ids, _NAMED)] for note, ids in list(cases.items())[:LISTED]]
    caption = "What had to be decided to prepare the evaluated images"
    return sheet(["What was done", "Cases", "Which"], rows, caption=caption, numeric=[1]) if rows else None


def _reasons(reasons: dict[str, str], caption: str) -> Sheet | None:
    rows = [[name, why] for name, why in list(reasons.items())[:LISTED]]
    return sheet(["Case", "Why"], rows, caption=caption, numeric=[]) if rows else None
