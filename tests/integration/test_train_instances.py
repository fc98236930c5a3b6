"""Objects from data to report: pictures, volumes, one mask an object, and a mask of one class."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_nuclei import write_object_masks, write_pairs
from PIL import Image as Picture
from tiny_runs import SMALL, VOLUMES

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.metrics import Metrics
from diascope.core.errors import InputError

QUICK = {**SMALL, "schedule.steps": "3"}


def train(data: Path, out: Path, overrides: dict[str, str], **options) -> Metrics:
    run = api.train(data, budget=120, out=out, overrides=overrides, **options)
    return Metrics.load(run / "metrics.json")


def labels(path: Path) -> np.ndarray:
    return np.asarray(Picture.open(path))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("instances")
    data = write_pairs(root / "data")
    train(data, root / "run", QUICK, task="instances")
    return data, root / "run"


def test_run_answers_with_instance_maps_and_floors_beside_it(trained: tuple[Path, Path]):
    _, run = trained
    metrics = Metrics.load(run / "metrics.json")
    assert set(metrics.baselines) == {"otsu_watershed", "constant_count"}
    floor = metrics.baselines["otsu_watershed"].metrics["pq"].value
    assert floor is not None
    assert floor > 0.1
    assert metrics.baselines["constant_count"].metrics["pq"].value is None
    assert metrics.metrics["instance_density_error"].value is None
    index = json.loads((run / "predictions" / "index.json").read_text())
    assert all(labels(run / "predictions" / f).dtype == np.uint16 for f in index["files"].values())


def test_thresholds_are_fitted_on_cases_that_are_not_evaluated(trained: tuple[Path, Path]):
    _, run = trained
    calibration = Calibration.load(run / "calibration.json")
    assert set(calibration.numbers) == {"foreground", "seed", "smallest"}
    assert "held back" in calibration.fitted_on


def test_prediction_of_the_model_is_the_run_s(trained: tuple[Path, Path]):
    data, run = trained
    case, file = next(iter(json.loads((run / "predictions" / "index.json").read_text())["files"].items()))
    image = api.load(run).predict(data / "images" / f"{case}.png")
    assert (image.array[0] == labels(run / "predictions" / file)).all()


def test_counts_stand_in_the_table_of_predictions(trained: tuple[Path, Path], tmp_path: Path):
    data, run = trained
    done = api.load(run).predict_files([data / "images" / "n00.png"], tmp_path)
    assert done.answers["n00"]["objects"] == len(np.unique(labels(tmp_path / "n00.png"))) - 1


def test_volumes_go_the_same_way_and_have_densities(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 10, (16, 20, 20))
    metrics = train(data, tmp_path / "run", VOLUMES, task="instances")
    assert metrics.metrics["instance_density_error"].value is not None
    assert metrics.baselines["otsu_watershed"].metrics["pq"].value is not None


def test_one_mask_an_object_needs_no_task_named(tmp_path: Path):
    train(write_object_masks(tmp_path / "data", 6), tmp_path / "run", QUICK)
    assert Dataset.load(tmp_path / "run" / "dataset.yaml").layout == "object_masks"


def test_mask_of_one_class_is_taken_apart_and_said(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 8)
    for path in (data / "masks").glob("*.png"):
        Picture.fromarray(((labels(path) > 0) * 255).astype(np.uint8)).save(path)
    train(data, tmp_path / "run", QUICK, task="instances")
    dataset = Dataset.load(tmp_path / "run" / "dataset.yaml")
    (said,) = [p for p in dataset.problems if p.code == "touching_not_told_apart"]
    assert len(said.cases) == 8
    assert "touching objects cannot be told apart" in said.message


def test_folds_are_judged_by_their_own_thresholds(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 15)
    metrics = train(data, tmp_path / "run", QUICK, task="instances", fold="all")
    assert metrics.cases == 15
    assert len(Calibration.load(tmp_path / "run" / "calibration.json").folds) == 5


def test_many_objects_in_a_mask_stop_segmentation_but_not_this_task(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 6, (48, 48))
    for number, path in enumerate(sorted((data / "masks").glob("*.png"))):
        objects = labels(path)
        grid = np.arange(objects.size).reshape(objects.shape) // 8 + 1
        Picture.fromarray(np.where(objects > 0, objects + 500 * number, grid).astype(np.uint16)).save(path)
    with pytest.raises(InputError, match="different values"):
        api.plan(data, budget=60)
    assert api.plan(data, budget=60, task="instances").task == "instances"
