"""A whole evaluation of small generated runs."""

import csv
import json

import numpy as np
import pytest
from generated_run import classification_run, save_nifti, segmentation_run, write_documents

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.core.documents.predictions import Predictions
from diascope.core.errors import InputError
from diascope.evaluate.case_data import read_view
from diascope.evaluate.collect import collect
from diascope.evaluate.evaluate import evaluate_run
from diascope.evaluate.numbers import compute_metrics


def change(run, **updates):
    index = run / "predictions" / "index.json"
    Predictions.load(index).model_copy(update=updates).save(index)


def rows_of(run):
    with (run / "cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_segmentation_run_gets_metrics_cases_report_and_card(tmp_path):
    run = segmentation_run(tmp_path)
    seen = []
    metrics = evaluate_run(run, quick=True, progress=lambda *step: seen.append(step))
    assert Metrics.load(run / "metrics.json") == metrics
    assert (run / "report.html").exists()
    assert (run / "model_card.md").exists()
    assert seen[-1][:3] == ("evaluate", 6, 6)
    assert metrics.metrics["dice"].per_class["cube"].value == pytest.approx(5 / 6)
    assert metrics.metrics["surface_dice"].value == 1.0
    assert metrics.metrics["hd95_mm"].unit == "mm"
    assert (metrics.cases, metrics.patients, metrics.resampled_over) == (6, None, "case")
    rows = rows_of(run)
    assert len(rows) == 12
    assert rows[0]["case"] == "case_0"
    assert float(rows[0]["dice"]) == pytest.approx(5 / 6)


def test_mean_label_map_is_the_baseline_and_its_difference_is_paired(tmp_path):
    metrics = compute_metrics(collect(segmentation_run(tmp_path)), quick=True)
    baseline = metrics.baselines["mean_label_map"]
    assert baseline.describe == "mean label map of 4 training cases"
    assert baseline.metrics["dice"].value == pytest.approx(1.0, abs=0.05)
    assert baseline.difference["dice"].value == pytest.approx(
        metrics.metrics["dice"].value - baseline.metrics["dice"].value
    )
    assert baseline.difference["dice"].ci95[1] < 0


def test_patients_are_resampled_where_they_are_known(tmp_path):
    metrics = compute_metrics(collect(segmentation_run(tmp_path, patients=True)), quick=True)
    assert (metrics.patients, metrics.resampled_over) == (3, "patient")


def test_classification_run_gets_every_metric_with_an_interval(tmp_path):
    run = classification_run(tmp_path)
    metrics = evaluate_run(run, quick=True)
    assert metrics.task == "classification"
    assert next(iter(metrics.metrics)) == "auroc"
    for name, value in metrics.metrics.items():
        assert value.ci95[0] <= value.ci95[1], name
        assert (value.n, value.undefined) == (80, 0)
    assert metrics.metrics["auroc"].ci95[0] < metrics.metrics["auroc"].value < metrics.metrics["auroc"].ci95[1]
    assert metrics.baselines["majority_class"].metrics["auroc"].value == 0.5
    assert metrics.baselines["majority_class"].difference["auroc"].ci95[0] > 0
    assert set(rows_of(run)[0]) == {"case", "patient", "class", "reference", "probability", "decided"}


def test_groups_are_sex_site_and_thirds_of_age_but_never_names(tmp_path):
    run = classification_run(tmp_path)
    metrics = compute_metrics(collect(run), quick=True)
    assert set(metrics.groups) == {"sex", "age", "site"}
    assert set(metrics.groups["sex"]) == {"F", "M"}
    assert metrics.groups["sex"]["F"].n == 40
    assert metrics.groups["sex"]["F"].metrics["auroc"].ci95 is not None
    assert "canary" not in json.dumps(metrics.content())


def test_several_classes_have_values_of_each(tmp_path):
    metrics = compute_metrics(collect(classification_run(tmp_path, classes=("a", "b", "c"))), quick=True)
    assert set(metrics.metrics["auroc"].per_class) == {"a", "b", "c"}
    assert metrics.metrics["accuracy"].per_class == {}


def test_missing_labels_are_counted_for_each_class(tmp_path):
    run = classification_run(tmp_path, kind="classes", classes=("x", "y"))
    metrics = compute_metrics(collect(run), quick=True)
    per_class = metrics.metrics["auroc"].per_class
    assert (per_class["x"].n, per_class["x"].undefined) == (71, 9)
    assert (per_class["y"].n, per_class["y"].undefined) == (80, 0)


def test_calibration_changes_decisions_of_the_model_but_not_of_the_baseline(tmp_path):
    run = classification_run(tmp_path)
    before = compute_metrics(collect(run), quick=True)
    Calibration(fitted_on="validation part", cases=20, temperature=2.0, thresholds={"ill": 0.9}).save(
        run / "calibration.json"
    )
    after = compute_metrics(collect(run), quick=True)
    assert after.metrics["sensitivity"].value < before.metrics["sensitivity"].value
    assert after.metrics["accuracy"].value == before.metrics["accuracy"].value
    assert after.baselines["majority_class"].metrics == before.baselines["majority_class"].metrics


def test_same_run_gives_the_same_numbers(tmp_path):
    run = classification_run(tmp_path)
    evaluation = collect(run)
    assert compute_metrics(evaluation, quick=True) == compute_metrics(collect(run), quick=True)


def test_case_that_cannot_be_scored_is_refused_by_name_and_the_rest_go_on(tmp_path):
    run = segmentation_run(tmp_path)
    save_nifti(run / "predictions" / "case_1.nii.gz", np.zeros((4, 4, 4), np.uint8))
    (run / "predictions" / "case_2.nii.gz").unlink()
    save_nifti(run / "predictions" / "case_4.nii.gz", np.full((16, 14, 12), 9, np.uint8), (1.0, 1.0, 2.0))
    change(run, refused={"case_3": "the image is constant"})
    metrics = compute_metrics(collect(run), quick=True)
    assert metrics.cases == 2
    assert set(metrics.refused) == {"case_1", "case_2", "case_3", "case_4"}
    assert "another grid" in metrics.refused["case_1"]
    assert str(tmp_path) not in json.dumps(metrics.content())


def test_mask_on_another_grid_is_resampled_only_where_the_plan_says_so(tmp_path):
    run = segmentation_run(tmp_path)
    data = tmp_path / "data" / "case_0_mask.nii.gz"
    labels = np.zeros((32, 28, 24), np.uint8)
    labels[6:18, 6:18, 6:18] = 1
    save_nifti(data, labels, (0.5, 0.5, 1.0))
    assert "case_0" in collect(run).refused
    plan = Plan.load(run / "plan.yaml")
    decision = plan.decisions["curate.resample_masks"].model_copy(update={"value": True})
    plan.with_decisions(curate__resample_masks=decision).save(run / "plan.yaml")
    assert "case_0" not in collect(run).refused


def test_no_case_left_is_an_error_that_says_why(tmp_path):
    run = segmentation_run(tmp_path)
    change(run, refused={f"case_{n}": "truncated file" for n in range(6)})
    with pytest.raises(InputError, match="truncated file"):
        evaluate_run(run)


def test_pooled_folds_have_a_baseline_each(tmp_path):
    run = segmentation_run(tmp_path, test=6, training=0)
    dataset = Dataset.load(run / "dataset.yaml")
    fold = dataset.splits.folds[0]
    halves = fold.validation[:3], fold.validation[3:]
    folds = tuple(fold.model_copy(update={"train": a, "validation": b}) for a, b in (halves, halves[::-1]))
    splits = dataset.splits.model_copy(update={"folds": folds})
    predictions = Predictions.load(run / "predictions" / "index.json").model_copy(update={"fold": "all"})
    write_documents(run, dataset.model_copy(update={"splits": splits}), "segmentation", "organ", predictions)
    metrics = compute_metrics(collect(run), quick=True)
    assert metrics.fold == "all"
    describe = metrics.baselines["mean_label_map"].describe
    assert describe == "mean label map of 3 to 3 training cases, made for each of 2 folds"


def test_external_data_take_their_baseline_from_the_training_data_only(tmp_path):
    run = segmentation_run(tmp_path)
    change(run, split="external")
    assert compute_metrics(collect(run), quick=True).baselines == {}
    training = Dataset.load(run / "dataset.yaml").model_copy(update={"root": str(tmp_path / "data")})
    training.save(run / "training.yaml")
    assert "mean_label_map" in compute_metrics(collect(run), quick=True).baselines


def test_view_shows_image_reference_and_prediction_on_one_grid(tmp_path):
    view = read_view(collect(segmentation_run(tmp_path)), 0)
    assert view.image.shape == (1, 16, 14, 12)
    assert set(np.unique(view.reference)) == set(np.unique(view.prediction)) == {0, 1, 2}
    assert view.headline == pytest.approx((5 / 6 + 2 / 3) / 2)


def test_logits_of_another_target_are_refused(tmp_path):
    run = classification_run(tmp_path)
    path = run / "predictions" / "answers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"outputs": ["ill", "well"]}))
    with pytest.raises(InputError, match="outputs of another target"):
        collect(run)
