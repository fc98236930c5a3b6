"""Numbers, grades and events from data to report and to a prediction, from the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from made_numbers import write_grading, write_regression, write_survival
from tiny_runs import words

from diascope import api
from diascope.cli.app import main
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan

SMALL = {"network.features": "[4, 4, 8, 8]", "batch.size": "8", "schedule.steps": "6", "preprocess.shape": "[16, 16]"}
SMALL["patch.size"] = SMALL["preprocess.shape"]

TWINS = {
    "regression": (write_regression, {"mae", "rmse", "r2", "bias", "coverage", "interval_width"}, 2),
    "grading": (write_grading, {"quadratic_weighted_kappa", "mae", "exact_agreement", "coverage"}, 2),
    "survival": (write_survival, {"c_index", "time_auc", "integrated_brier", "horizon_calibration"}, 1),
}


def read_rows(table: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module", params=TWINS)
def trained(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return a task and its run on 60 generated pictures, from the command line."""
    folder = tmp_path_factory.mktemp(request.param)
    data = TWINS[request.param][0](folder / "data", 60, split=False)
    assert main(["train", str(data), "--task", request.param, "--out", str(folder / "run"), *words(SMALL)]) == 0
    return request.param, folder / "run"


def test_run_holds_every_metric_beside_its_baselines(trained):
    task, run = trained
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.task == task
    assert TWINS[task][1] <= set(metrics.metrics)
    assert len(metrics.baselines) == TWINS[task][2]
    assert all(m.n == 12 for m in metrics.metrics.values())


def test_report_says_what_was_fitted_and_draws_the_tasks_figures(trained):
    task, run = trained
    page = (run / "report.html").read_text(encoding="utf-8")
    figures = {
        "regression": ["Prediction and 90% interval", "Bland-Altman", "reaches"],
        "grading": ["Confusion matrix", "90% range takes grades in"],
        "survival": ["Survival by foretold risk", "Numbers at risk", "Calibration at", "baseline hazard"],
    }
    assert all(text in page for text in figures[task])
    assert "held back" in page


def test_model_tells_of_new_images_what_was_asked_for(trained, tmp_path: Path):
    task, run = trained
    images = sorted((run.parent / "data/images").iterdir())[:2]
    assert main(["predict", str(run), *map(str, images), "--out", str(tmp_path)]) == 0
    rows = read_rows(tmp_path / "predictions.csv")
    assert len(rows) == 2
    for row in rows:
        if task == "regression":
            assert float(row["low_90%"]) < float(row["value"]) < float(row["high_90%"])
            assert row["unit"] == "ml"
        elif task == "grading":
            assert row["low_90%"] <= row["grade"] <= row["high_90%"]
            assert sum(float(v) for k, v in row.items() if k.startswith("probability_")) == pytest.approx(1, abs=1e-4)
        else:
            free = [float(v) for k, v in row.items() if k.startswith("free_at_")]
            assert free == sorted(free, reverse=True)
            assert float(row["relative_hazard"]) > 0


def test_every_evaluated_case_stands_in_the_table_of_cases(trained):
    _, run = trained
    assert len(read_rows(run / "cases.csv")) == 12


def test_plan_says_why_a_number_is_not_learned_from_enlarged_images(tmp_path: Path):
    data = write_regression(tmp_path / "data", 60, split=False)
    plan = api.plan(data, overrides=SMALL)
    assert isinstance(plan, Plan)
    values = [float(row["volume_ml"]) for row in read_rows(data / "cases.csv")]
    assert plan["augment.scale"] == 0
    assert plan.decisions["augment.scale"].rule == "regression"
    assert plan["network.output_mean"][0] == pytest.approx(np.mean(values), abs=10)
    assert plan["loss.scale"] == plan["network.output_std"][0]


def test_small_whole_numbers_are_a_class_a_value_or_a_grade_by_the_task_that_is_asked_for(tmp_path: Path):
    data = write_grading(tmp_path / "data", 60, split=False)
    tasks = {None: "classification", "grading": "grading", "regression": "regression"}
    for wish, task in tasks.items():
        assert api.plan(data, overrides=SMALL, **({"task": wish} if wish else {})).task == task


def test_folds_pooled_have_an_interval_each_of_their_own(tmp_path: Path):
    data = write_regression(tmp_path / "data", 60, split=False)
    run = api.train(data, out=tmp_path / "run", overrides={**SMALL, "schedule.steps": "2"}, fold="all")
    calibration = json.loads((run / "calibration.json").read_text())
    widths = {tuple(f["numbers"]["half_width"]) for f in calibration["folds"].values()}
    assert len(calibration["folds"]) == 5
    assert len(widths) == 5
    assert Metrics.load(run / "metrics.json").metrics["coverage"].n == 60
