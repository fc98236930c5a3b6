"""What every task must do, whichever it is: its own functions fit each other for every kind it answers."""

import numpy as np
import pytest

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Target
from diascope.core.families import KINDS, METRICS, TASKS
from diascope.core.geometry import Geometry

GRID = Geometry((6, 7, 5), np.diag([1.0, 1.0, 2.0, 1.0]))
VALUES = {"mask": (0, 3, 7), "class": (), "classes": ()}
PAIRS = [(task, kind) for task in TASKS.names() for kind in TASKS.load(task).kinds]


def make_target(kind: str, classes: tuple[str, ...] = ("a", "b", "c")) -> Target:
    return Target(kind=kind, classes=classes, values=VALUES[kind][: len(classes)])


def draw_values(target: Target, rng: np.random.Generator, count: int) -> list:
    if target.kind == "mask":
        return [rng.choice(target.values, GRID.shape) for _ in range(count)]
    if target.kind == "class":
        return [target.classes[i] for i in rng.integers(0, len(target.classes), count)]
    return [{name: int(rng.integers(0, 2)) for name in target.classes} for _ in range(count)]


@pytest.fixture(params=PAIRS, ids="-".join)
def scored(request):
    """Return task, target, encoded references and the table of twelve cases."""
    task, target = TASKS.load(request.param[0]), make_target(request.param[1])
    rng = np.random.default_rng(0)
    kind = KINDS.load(target.kind)
    references = [kind.encode(target, value) for value in draw_values(target, rng, 12)]
    shape = GRID.shape if task.dense else (len(target.classes),)
    predictions = [rng.integers(0, 3, shape) if task.dense else rng.normal(size=shape) for _ in references]
    grid = GRID if task.dense else None
    rows = [task.score_case(target, r, p, grid, nothing_fitted()) for r, p in zip(references, predictions, strict=True)]
    return task, target, references, {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def test_head_has_an_output_for_each_class(scored):
    task, target, _, _ = scored
    head = task.head(target)
    assert head.outputs == target.classes
    assert set(task.judged(target)) <= set(head.outputs)


def test_measure_gives_every_declared_metric_with_a_value_for_each_judged_class(scored):
    task, target, _, table = scored
    measured = task.aggregate(target, table)(np.arange(12))
    assert set(measured) == set(task.metrics)
    for name, (value, classes) in measured.items():
        low, high = METRICS.load(name).bounds
        assert np.isnan(value) or low <= value <= high
        assert classes is None or classes.shape == (len(task.judged(target)),)


def test_repeated_cases_count_as_often_as_they_are_drawn(scored):
    task, target, _, table = scored
    index = np.array([0, 0, 3, 5, 5, 5, 7, 8])
    repeated = {name: array[index] for name, array in table.items()}
    got = task.aggregate(target, table)(index)
    want = task.aggregate(target, repeated)(np.arange(len(index)))
    for name in got:
        assert got[name][0] == pytest.approx(want[name][0], nan_ok=True)


def test_defined_says_for_each_case_and_class_whether_it_counts(scored):
    task, target, _, table = scored
    for name in task.metrics:
        defined = task.defined(target, table, name)
        assert defined.shape == (12, len(task.judged(target)))
        assert defined.dtype == bool


def test_case_has_a_row_for_each_class_and_the_same_columns_in_all(scored):
    task, target, _, table = scored
    rows = [row for case in range(12) for row in task.case_rows(target, table, case)]
    assert {row["class"] for row in rows} >= set(task.judged(target))
    assert len({tuple(row) for row in rows}) == 1


def test_headline_ranks_every_case(scored):
    task, target, _, table = scored
    assert task.case_headline(target, table).shape == (12,)


def test_baseline_predicts_what_score_case_takes(scored):
    task, target, references, _ = scored
    predict = task.fit_baseline(target, iter(references))
    for shape in (GRID.shape, (9, 4, 8)) if task.dense else ((),):
        prediction = predict(shape)
        assert prediction.shape == (shape if task.dense else (len(target.classes),))
        grid = Geometry(shape, np.eye(4)) if task.dense else None
        reference = prediction if task.dense else references[0]
        assert task.score_case(target, reference, prediction, grid, nothing_fitted())


def test_baseline_without_references_still_predicts(scored):
    task, target, _, _ = scored
    assert np.isfinite(task.fit_baseline(target, iter(()))(GRID.shape if task.dense else ())).all()


def test_plots_are_svg_or_empty(scored):
    task, target, _, table = scored
    for plot in task.plots.values():
        drawn = plot(target, table)
        assert not drawn or "<svg" in drawn
