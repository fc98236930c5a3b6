"""From scored cases to metrics with intervals, beside a baseline and in groups."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.metrics import Baseline, ClassValue, Group, Metrics, MetricValue
from diascope.core.families import METRICS
from diascope.core.ports.task import Table
from diascope.evaluate.bootstrap import (
    Interval,
    compute_intervals,
    count_resamples,
    draw_resamples,
    group_rows,
    measure_all,
    subtract,
)
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.groups import find_groups

Rows = NDArray[np.intp]


def compute_metrics(evaluation: Evaluation, *, quick: bool = False) -> Metrics:
    """Return all figures of an evaluation; the resamples follow the plan's seed.

    Model and baseline are measured on the same resamples, so their difference is paired.
    """
    patients = evaluation.patients()
    units, are_patients = group_rows(patients)
    rows = np.arange(len(patients))
    resamples = _draw(evaluation, units, quick=quick)
    measure = evaluation.task.aggregate(evaluation.target, evaluation.table)
    measured, resampled = measure(rows), measure_all(measure, resamples)
    metrics = _values(evaluation, evaluation.table, rows, compute_intervals(measured, resampled))
    baselines = {}
    for name, (table, describe) in evaluation.baselines.items():
        other = evaluation.task.aggregate(evaluation.target, table)
        other_measured, other_resampled = other(rows), measure_all(other, resamples)
        paired = [subtract(a, b) for a, b in zip(resampled, other_resampled, strict=True)]
        difference = compute_intervals(subtract(measured, other_measured), paired)
        baselines[name] = Baseline(
            metrics=_values(evaluation, table, rows, compute_intervals(other_measured, other_resampled)),
            difference=_values(evaluation, evaluation.table, rows, difference),
            describe=describe,
        )
    return Metrics(
        task=evaluation.task.name,
        target=evaluation.target_name,
        split=evaluation.split,
        fold=evaluation.fold,
        cases=len(rows),
        patients=len(units) if are_patients else None,
        resampled_over="patient" if are_patients else "case",
        metrics=metrics,
        baselines=baselines,
        groups=_measure_groups(evaluation, quick=quick),
        refused=evaluation.refused,
    )


def _draw(evaluation: Evaluation, units: Sequence[Rows], *, quick: bool) -> list[Rows]:
    """Return the resamples, or none where there is but one unit to draw: an interval would then be a point."""
    if len(units) < 2:
        return []
    cells = sum(len(rows) for rows in units) * len(evaluation.target.classes)
    return draw_resamples(units, count_resamples(cells, quick=quick), np.random.default_rng(evaluation.plan.seed))


def _measure_groups(evaluation: Evaluation, *, quick: bool) -> dict[str, dict[str, Group]]:
    """Return the metrics of the cases that share an attribute's value, each with its own resamples."""
    patients = evaluation.patients()
    found: dict[str, dict[str, Group]] = {}
    for column, groups in find_groups(evaluation.dataset, evaluation.case_ids).items():
        found[column] = {}
        for value, chosen in groups.items():
            table, rows = {name: array[chosen] for name, array in evaluation.table.items()}, np.arange(len(chosen))
            measure = evaluation.task.aggregate(evaluation.target, table)
            units, _ = group_rows([patients[row] for row in chosen])
            resampled = measure_all(measure, _draw(evaluation, units, quick=quick))
            intervals = compute_intervals(measure(rows), resampled)
            found[column][value] = Group(n=len(rows), metrics=_values(evaluation, table, rows, intervals))
    return found


def _values(
    evaluation: Evaluation, table: Table, rows: Rows, intervals: Mapping[str, Interval]
) -> dict[str, MetricValue]:
    """Return the document's form of the numbers, with how many cases each rests on."""
    names = evaluation.task.judged(evaluation.target)
    values = {}
    for metric, interval in intervals.items():
        if not METRICS.load(metric).is_told(np.array(interval.value)):
            continue
        defined = evaluation.task.defined(evaluation.target, table, metric)[rows]
        per_class = {}
        if interval.class_ci95:
            for column, (name, value, ci95) in enumerate(
                zip(names, interval.class_values, interval.class_ci95, strict=True)
            ):
                n = int(defined[:, column].sum())
                per_class[name] = ClassValue(value=_known(value), ci95=ci95, n=n, undefined=len(rows) - n)
        n = int(defined.any(axis=1).sum())
        values[metric] = MetricValue(
            value=_known(interval.value),
            ci95=interval.ci95,
            unit=_unit(evaluation, metric),
            n=n,
            undefined=len(rows) - n,
            per_class=per_class,
        )
    return values


def _unit(evaluation: Evaluation, metric: str) -> str:
    found = METRICS.load(metric)
    return (evaluation.target.unit or "") if found.in_target_unit else found.unit


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
