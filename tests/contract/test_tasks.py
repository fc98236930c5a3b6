"""What every task must do, whichever it is: its own functions fit each other for every kind it answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Box, Event, Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.families import ANSWERS, KINDS, METRICS, TASKS
from diascope.core.geometry import Geometry
from diascope.core.ports.task import Example, Task
from diascope.evaluate.collect import stack_rows
from diascope.plan.planner import known_keys

FINGERPRINT = Fingerprint.load(Path(__file__).parents[1] / "documents" / "fingerprint-1.json")

GRID = Geometry((6, 7, 5), np.diag([1.0, 1.0, 2.0, 1.0]))
OTHER_GRID = Geometry((9, 4, 8), np.eye(4))
PAIRS = [(task, kind) for task in TASKS.names() for kind in TASKS.load(task).kinds]
CLASSES = ("a", "b", "c")
TARGETS = {
    "mask": Target(kind="mask", classes=CLASSES, values=(0, 3, 7)),
    "class": Target(kind="class", classes=CLASSES),
    "classes": Target(kind="classes", classes=CLASSES),
    "value": Target(kind="value", unit="ml"),
    "grade": Target(kind="grade", classes=CLASSES),
    "event": Target(kind="event", unit="days", horizons=(2.0, 4.0)),
    "normality": Target(kind="normality", classes=CLASSES),
    "boxes": Target(kind="boxes", classes=CLASSES),
    "instances": Target(kind="instances"),
}
"""Kind → a target of it."""

VALUES: dict[str, Callable[[np.random.Generator], Any]] = {
    "mask": lambda rng: rng.choice((0, 3, 7), GRID.shape),
    "class": lambda rng: CLASSES[rng.integers(3)],
    "normality": lambda rng: CLASSES[rng.integers(3)],
    "boxes": lambda rng: tuple(drawn_box(rng) for _ in range(rng.integers(0, 4))),
    "instances": lambda rng: rng.integers(0, 5, GRID.shape),
    "classes": lambda rng: {name: int(rng.integers(0, 2)) for name in CLASSES},
    "value": lambda rng: float(rng.normal(5, 2)),
    "grade": lambda rng: CLASSES[rng.integers(3)],
    "event": lambda rng: Event(time=float(rng.integers(1, 6)), event=bool(rng.integers(2))),
}
"""Kind → draws a case's value."""

ANSWERS_DRAWN: dict[str, Callable[[np.random.Generator, Target], Any]] = {
    "label_map": lambda rng, target: rng.integers(0, len(target.classes), GRID.shape),
    "score_map": lambda rng, target: rng.random(GRID.shape) + 0.01,
    "instances": lambda rng, target: rng.integers(0, 6, GRID.shape),
    "logits": lambda rng, target: rng.normal(size=outputs_of(target)),
    "boxes": lambda rng, target: np.column_stack(
        [KINDS.load("boxes").encode(target, tuple(drawn_box(rng) for _ in range(4))), rng.random(4)]
    ),
}
"""Answer → draws a prediction."""


def drawn_box(rng: np.random.Generator) -> Box:
    low = rng.integers(0, 4, 3)
    return Box(
        label=CLASSES[rng.integers(3)], low=tuple(low.tolist()), high=tuple((low + rng.integers(1, 3, 3)).tolist())
    )


def outputs_of(target: Target) -> int:
    """Return how many numbers the first task of this kind has for a case."""
    name = next(task for task, kind in PAIRS if kind == target.kind)
    return len(TASKS.load(name).head(target).outputs)


def grid_of(task: Task) -> Geometry | None:
    return GRID if ANSWERS.load(task.answer).on_grid else None


def test_every_pair_has_an_example_here():
    assert {kind for _, kind in PAIRS} <= set(TARGETS) & set(VALUES)
    assert {TASKS.load(task).answer for task, _ in PAIRS} <= set(ANSWERS_DRAWN)


@pytest.fixture(params=PAIRS, ids="-".join)
def scored(request):
    """Return task, target, encoded references and the table of twelve cases."""
    task, target = TASKS.load(request.param[0]), TARGETS[request.param[1]]
    rng = np.random.default_rng(0)
    kind = KINDS.load(target.kind)
    references = [kind.encode(target, VALUES[target.kind](rng)) for _ in range(12)]
    predictions = [ANSWERS_DRAWN[task.answer](rng, target) for _ in references]
    grid = grid_of(task)
    rows = [task.score_case(target, r, p, grid, nothing_fitted()) for r, p in zip(references, predictions, strict=True)]
    return task, target, references, stack_rows(rows)


def test_head_has_outputs_and_figures_are_given_for_some_names(scored):
    task, target, _, _ = scored
    head = task.head(target)
    assert head.outputs
    assert len(set(head.outputs)) == len(head.outputs)
    assert task.judged(target)


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


def example_of(task: Task, geometry: Geometry, *, looks_at_image: bool, reference: Any = None) -> Example:
    image = np.random.default_rng(3).normal(size=(1, *geometry.shape)).astype(np.float32) if looks_at_image else None
    needs_grid = looks_at_image or ANSWERS.load(task.answer).on_grid
    return Example(reference, image, geometry if needs_grid else None)


def test_baselines_predict_what_score_case_takes(scored):
    task, target, references, _ = scored
    assert task.baselines
    for baseline in task.baselines:
        looks = baseline.looks_at_image
        seen = [example_of(task, GRID, looks_at_image=looks, reference=r) for r in references]
        predict = baseline.fit(target, iter(seen))
        for geometry in (GRID, OTHER_GRID):
            prediction = predict(example_of(task, geometry, looks_at_image=looks))
            grid = geometry if ANSWERS.load(task.answer).on_grid else None
            form = KINDS.load(target.kind).form
            reference = np.zeros(geometry.shape, np.uint8) if form == "map" else references[0]
            assert task.score_case(target, reference, prediction, grid, nothing_fitted())


def test_baselines_without_examples_still_predict(scored):
    task, target, _, _ = scored
    for baseline in task.baselines:
        predict = baseline.fit(target, iter(()))
        assert np.isfinite(predict(example_of(task, GRID, looks_at_image=baseline.looks_at_image))).all()


def test_what_is_told_of_a_case_can_stand_in_a_table(scored):
    task, target, _, _ = scored
    prediction = ANSWERS_DRAWN[task.answer](np.random.default_rng(1), target)
    told = task.told(target, prediction, nothing_fitted(), grid_of(task))
    rows = told if isinstance(told, list) else [told]
    assert all(isinstance(v, str | int | float | None) for row in rows for v in row.values())
    json.dumps(told)


def test_report_has_words(scored):
    task, target, _, _ = scored
    assert task.title(target)
    assert task.purpose(target)
    assert task.ranked_by.endswith(".")


def test_what_a_task_prefers_are_keys_of_the_plan(scored):
    task, target, _, _ = scored
    assert set(task.prefers(target, FINGERPRINT)) <= set(known_keys())


def test_plots_are_svg_or_empty(scored):
    task, target, _, table = scored
    for plot in task.plots.values():
        drawn = plot(target, table)
        assert not drawn or "<svg" in drawn
