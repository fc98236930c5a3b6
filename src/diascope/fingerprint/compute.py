"""Read every training case once and sum up what the planner decides by."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from diascope.core.clip import Clip
from diascope.core.documents.dataset import Case, Dataset, Target
from diascope.core.documents.fingerprint import ClipNumbers, Fingerprint, Intensity, Spread, TargetNumbers
from diascope.core.errors import DatasetError, DiascopeError
from diascope.core.families import KINDS
from diascope.curate.trainable import usable
from diascope.fingerprint.case import CaseNumbers, measure_case

SAMPLES_A_CASE = 10_000
"""The most voxels drawn from each case, and as many of its foreground (chosen here)."""

SAMPLES_IN_ALL = 5_000_000
"""Voxels kept in memory; data sets with more than 500 cases give fewer from each."""


def compute_fingerprint(
    dataset: Dataset,
    root: Path,
    *,
    case_ids: Sequence[str] | None = None,
    target: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Fingerprint:
    """Return the data set in numbers.

    The test part and the cases that were left out never enter, whoever names them, nor do those that lack the target.

    Args:
        dataset: what there is.
        root: what its relative paths start from.
        case_ids: the cases to read, such as a fold's training part; all if not given.
        target: what is to be learned; cases without it are counted in its ``missing`` and not read.
        seed: draws the voxels; the same seed gives the same numbers.
        progress: told how many of how many cases are done.

    Raises:
        DatasetError: no case is left.
        DiascopeError: a case cannot be read, with its id.
    """
    cases, lacking = _usable(dataset, case_ids, target)
    samples = max(100, min(SAMPLES_A_CASE, SAMPLES_IN_ALL // len(cases)))
    measured = []
    for number, case in enumerate(cases):
        try:
            rng = np.random.default_rng([seed, number])
            measured.append(measure_case(dataset, root, case, samples=samples, rng=rng))
        except (DiascopeError, OSError) as error:
            error.add_note(f"case {case.id}")
            raise
        if progress is not None:
            progress(number + 1, len(cases))
    found = _sum_up(dataset, cases, measured)
    if target is None:
        return found
    numbers = found.targets[target].model_copy(update={"missing": lacking})
    return found.model_copy(update={"targets": {**found.targets, target: numbers}})


def _usable(dataset: Dataset, case_ids: Sequence[str] | None, target: str | None) -> tuple[list[Case], int]:
    """Return the cases to measure, and how many more there would be if they had the target."""
    kept_out = {*dataset.left_out, *(dataset.splits.test if dataset.splits else ())}
    wanted = None if case_ids is None else set(case_ids)
    cases = [c for c in dataset.cases if c.id not in kept_out and (wanted is None or c.id in wanted)]
    asked = len(cases)
    if target is not None:
        known = set(usable(dataset, target, [c.id for c in cases]))
        cases = [c for c in cases if c.id in known]
    if not cases:
        raise DatasetError(
            "there is no case to measure", expected="one training case or more", got=f"{len(dataset.cases)} in all"
        )
    return cases, asked - len(cases)


def _sum_up(dataset: Dataset, cases: list[Case], measured: list[CaseNumbers]) -> Fingerprint:
    shapes, cropped = np.array([m.shape for m in measured]), np.array([m.cropped for m in measured])
    modalities = {m.modality for m in measured}
    return Fingerprint(
        dataset_digest=dataset.digest(),
        ndim=dataset.ndim,
        cases=len(cases),
        patients=len({c.patient for c in cases}) if dataset.has_patients() else None,
        has_spacing=all(m.has_spacing for m in measured),
        spacing=_spread(np.array([m.steps for m in measured])),
        shape=_spread(shapes),
        shape_cropped=_spread(cropped),
        nonzero_share=float(np.median(cropped.prod(axis=1) / shapes.prod(axis=1))),
        voxels=float(shapes.prod(axis=1, dtype=np.float64).sum()),
        modality=dataset.modality or (modalities.pop() if len(modalities) == 1 else None),
        channels={name: _intensity(name, measured) for name in dataset.channels},
        targets={name: _target(name, target, cases, measured) for name, target in dataset.targets.items()},
        clip=_clips([m.clip for m in measured if m.clip is not None]),
    )


def _clips(clips: list[Clip]) -> ClipNumbers | None:
    """Return the time axes in numbers, or None where there is none."""
    if not clips:
        return None
    timed = [(step, duration) for c in clips if (step := c.step_s) and (duration := c.duration_s)]
    steps, durations = zip(*timed, strict=True) if timed else ((), ())
    low, middle, high = (round(v) for v in _three([c.frames for c in clips]))
    return ClipNumbers(
        frames=(low, middle, high),
        step_s=_three(steps) if timed else None,
        duration_s=_three(durations) if timed else None,
        untimed=len(clips) - len(timed),
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    """Return minimum, median and maximum."""
    return float(min(values)), float(np.median(values)), float(max(values))


def _spread(rows: np.ndarray) -> Spread:
    """Return the quantiles of ``(cases, axes)``."""
    low, p10, median, p90, high = (tuple(map(float, q)) for q in np.percentile(rows, [0, 10, 50, 90, 100], axis=0))
    return Spread(minimum=low, p10=p10, median=median, p90=p90, maximum=high)


def _intensity(name: str, measured: list[CaseNumbers]) -> Intensity:
    given = [m.channels[name] for m in measured if name in m.channels]
    missing = len(measured) - len(given)
    given_values = [g.values for g in given if g.values.size]
    if not given_values:
        zeros = dict.fromkeys(NUMBERS, 0.0)
        return Intensity(cases=len(given), missing=missing, **zeros, scale_varies=1.0)
    values = np.concatenate(given_values)
    foreground = np.concatenate([g.foreground for g in given])
    deviations = np.array([v.std(dtype=np.float64) for v in given_values])
    deviations = deviations[deviations > 0]
    low, high = np.percentile(foreground, [0.5, 99.5])
    units = {g.unit for g in given}
    return Intensity(
        unit=units.pop() if len(units) == 1 else None,
        unit_by_values=any(g.guessed for g in given),
        cases=len(given),
        missing=missing,
        minimum=min(g.minimum for g in given),
        maximum=max(g.maximum for g in given),
        mean=float(values.mean(dtype=np.float64)),
        std=float(values.std(dtype=np.float64)),
        foreground_mean=float(foreground.mean(dtype=np.float64)),
        foreground_std=float(foreground.std(dtype=np.float64)),
        foreground_p005=float(low),
        foreground_p995=float(high),
        scale_varies=float(deviations.max() / deviations.min()) if len(deviations) else 1.0,
    )


NUMBERS = (
    "minimum", "maximum", "mean", "std", "foreground_mean", "foreground_std", "foreground_p005", "foreground_p995"
)  # fmt: skip


def _target(name: str, target: Target, cases: list[Case], measured: list[CaseNumbers]) -> TargetNumbers:
    kind = KINDS.load(target.kind)
    if kind.is_map:
        maps = [m.maps[name] for m in measured if name in m.maps]
        voxels = sum((m.voxels[name] for m in measured if name in m.voxels), np.zeros(len(target.classes), np.int64))
        share = voxels / max(1, voxels.sum())
        return TargetNumbers(
            kind=target.kind,
            counts=_count(target.classes[1:], maps),
            known=dict.fromkeys(target.classes[1:], len(maps)),
            missing=len(measured) - len(maps),
            voxel_share=dict(zip(target.classes, map(float, share), strict=True)),
        )
    values = [case.targets.get(name) for case in cases]
    if kind.form != "vector":
        known = [value for value in values if value is not None]
        edges = np.concatenate([m.box_edges[name] for m in measured if name in m.box_edges] or [np.zeros((0, 2))])
        labels = [int(label) for value in known for label in kind.encode(target, value)[:, -1]]
        return TargetNumbers(
            kind=target.kind,
            counts=_count(target.classes, [kind.present(target, value) for value in known]),
            known=dict.fromkeys(target.classes, len(known)),
            missing=len(values) - len(known),
            boxes={c: labels.count(n) for n, c in enumerate(target.classes)},
            box_edges=_spread(edges) if len(edges) else None,
        )
    encoded = np.array([kind.encode(target, value) for value in values], np.float64)
    known = ~np.isnan(encoded).all(axis=1)
    missing = int(len(values) - known.sum())
    if target.classes:
        present = [kind.present(target, value) for value in values]
        each = np.full(len(target.classes), known.sum())
        if kind.is_multiple:
            each = (~np.isnan(encoded)).sum(axis=0)  # a label may be missing by itself
        return TargetNumbers(
            kind=target.kind,
            counts=_count(target.classes, present),
            known=dict(zip(target.classes, map(int, each), strict=True)),
            missing=missing,
        )
    is_number = encoded.ndim == 2 and encoded.shape[1] == 1 and known.any()
    mean, std = (float(encoded[known].mean()), float(encoded[known].std())) if is_number else (None, None)
    return TargetNumbers(kind=target.kind, counts={}, missing=missing, mean=mean, std=std)


def _count(classes: Sequence[str], present: list[tuple[str, ...]]) -> dict[str, int]:
    """Return in how many cases each class is there, 0 too."""
    counts = Counter(name for names in present for name in names)
    return {name: counts[name] for name in classes}
