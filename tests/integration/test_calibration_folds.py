"""Pooled folds: no case is judged by a fit that it took part in."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.calibration import decide, probabilities
from diascope.core.documents.calibration import Calibration, Fitted
from diascope.core.documents.plan import Plan
from diascope.core.families import TASKS
from diascope.curate import load_dataset
from diascope.train import heldout
from diascope.train.parts import parts_of

SMALL = {"network.features": "[4, 4, 8, 8]", "batch.size": "4", "schedule.steps": "2"}


def class_folders(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for n in range(50):
        folder = root / ("bright" if n % 2 else "dark")
        folder.mkdir(parents=True, exist_ok=True)
        Picture.fromarray((rng.integers(0, 150, (16, 16)) + 60 * (n % 2)).astype(np.uint8)).save(folder / f"{n}.png")
    return root


@pytest.fixture(scope="module")
def pooled(tmp_path_factory) -> tuple[Path, list[np.ndarray]]:
    """Return a run of all folds, and the logits of every fit that was made."""
    folder, fits = tmp_path_factory.mktemp("pooled"), []
    true = heldout.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heldout, "fit", lambda f, logits, *a, **k: fits.append(logits) or true(f, logits, *a, **k))
        run = api.train(class_folders(folder / "data"), out=folder / "run", fold="all", overrides=SMALL)
    return run, fits


def test_each_fold_is_fitted_on_its_own_held_back_cases(pooled):
    run, fits = pooled
    dataset, plan = load_dataset(run / "dataset.yaml"), Plan.load(run / "plan.yaml")
    calibration = Calibration.load(run / "calibration.json")
    parts = {fold: parts_of(dataset, plan, fold) for fold in range(5)}
    for fold, part in parts.items():
        assert not set(part.calibrate) & set(part.evaluate)
        assert calibration.folds[str(fold)].cases == len(part.calibrate)
    assert sorted(len(f) for f in fits) == sorted([*(len(p.calibrate) for p in parts.values()), calibration.cases])


def test_evaluated_case_is_judged_by_the_fold_that_evaluates_it(pooled):
    run, _ = pooled
    dataset, calibration = load_dataset(run / "dataset.yaml"), Calibration.load(run / "calibration.json")
    strange = {str(n): Fitted(cases=9, temperature=n + 1.0, thresholds={"dark": 0.1 * n}) for n in range(5)}
    calibration.model_copy(update={"folds": strange}).save(run / "calibration.json")
    api.evaluate(run, quick=True)
    calibration.save(run / "calibration.json")
    logits = json.loads((run / "predictions" / "answers.json").read_text())["cases"]
    with (run / "cases.csv").open(encoding="utf-8") as file:
        rows = {(row["case"], row["class"]): row for row in csv.DictReader(file)}
    head = TASKS.load("classification").head(dataset.targets["label"])
    for number, fold in enumerate(dataset.splits.folds):
        for case_id in fold.validation:
            fitted = calibration.model_copy(update=dict(strange[str(number)]))
            expected = probabilities(fitted, np.array([logits[case_id]]), head)
            assert float(rows[case_id, "dark"]["probability"]) == pytest.approx(expected[0, 1], rel=1e-5)
            assert int(rows[case_id, "dark"]["decided"]) == int(decide(fitted, expected, head)[0, 1])


def test_report_says_how_folds_were_fitted_and_that_the_plan_saw_all(pooled):
    page = (pooled[0] / "report.html").read_text(encoding="utf-8")
    assert "judged by its own" in page
    assert "The plan saw all folds" in page
