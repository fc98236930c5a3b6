"""Anomaly from data to report: folders of classes, masks of which most are empty, volumes, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import write_nifti, write_png

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Source
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import OptionError, RunError
from diascope.curate import load_dataset
from diascope.io import read_image


def texture(rng, shape=(24, 24), *, smooth=False):
    """Return noise around a bright middle; smooth in a corner where it is abnormal."""
    from scipy.ndimage import gaussian_filter

    axes = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    image = 120 * np.exp(-sum(a**2 for a in axes)) + rng.normal(0, 25, shape)
    if smooth:
        half = tuple(slice(0, n // 2) for n in shape)
        image[half] = gaussian_filter(image, 2)[half]
    return np.clip(image + 60, 0, 255)


def class_folders(root: Path, normal="healthy", count=48) -> Path:
    rng = np.random.default_rng(0)
    for number in range(count):
        is_odd = number % 4 == 0
        folder = root / ("smooth" if is_odd else normal)
        write_png(folder / f"{number:02d}.png", texture(rng, smooth=is_odd).astype(np.uint8))
    return root


def masked(root: Path, count=40) -> Path:
    rng = np.random.default_rng(0)
    for number in range(count):
        is_odd = number % 4 == 0
        mask = np.zeros((24, 24), np.uint8)
        mask[:12, :12] = is_odd
        write_png(root / f"images/c{number:02d}.png", texture(rng, smooth=is_odd).astype(np.uint8))
        write_png(root / f"masks/c{number:02d}.png", mask)
    return root


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("anomaly")
    return api.train(class_folders(root / "data"), out=root / "run", task="anomaly", budget=300)


def test_a_memory_is_not_asked_about_mirrored_images(run: Path):
    plan = Plan.load(run / "plan.yaml")
    assert (plan["network.name"], plan["augment.flip"], plan["predict.mirror"]) == ("memory", [1], [])
    unlike = json.loads((run / "members/00/unlike.json").read_text())
    scores = Calibration.load(run / "calibration.json").numbers["normal_scores"]
    assert np.median(scores) < 2 * unlike[0][1]


def test_abnormal_cases_are_told_from_normal_ones_beside_a_floor(run):
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.metrics["auroc"].value > 0.9
    assert set(metrics.baselines) == {"pca_residual"}
    assert metrics.metrics["pixel_average_precision"].value is None


def test_nothing_abnormal_is_learned_from_nor_fitted_on(run):
    dataset, plan = load_dataset(run / "dataset.yaml"), Plan.load(run / "plan.yaml")
    assert plan["target.normal"] == "healthy"
    ranked = json.loads((run / "members/00/unlike.json").read_text())
    values = {c.id: c.targets[plan.target] for c in dataset.cases}
    assert {values[name] for name, _ in ranked} == {"healthy"}
    assert plan["schedule.steps"] == [0]
    calibration = Calibration.load(run / "calibration.json")
    assert calibration.numbers["normal_scores"]


def test_the_least_likely_training_cases_are_said(run):
    (text,) = [w for w in Run.load(run / "run.json").warnings if "least like the others" in w]
    ranked = json.loads((run / "members/00/unlike.json").read_text())
    assert ranked[0][0] in text
    assert "least like the others" in (run / "report.html").read_text()
    assert '"unlike the others"' in (run / "log.jsonl").read_text()


def test_report_shows_scores_and_a_heat_map(run):
    page = (run / "report.html").read_text()
    assert "Histogram of scores" in page
    assert "with a heat map" in page
    assert "Temperature" not in page


def test_prediction_is_a_map_of_numbers_and_a_row(run, tmp_path):
    image = sorted((run.parent / "data").rglob("*.png"))[0]
    done = api.predict(run, [image], out=tmp_path / "out")
    (path,) = done.written
    assert path.suffix == ".tif"
    found = read_image(path.parent, Source(path=path.name)).array
    assert found.shape == (1, 24, 24)
    (row,) = json.loads((tmp_path / "out/predictions.json").read_text()).values()
    assert row["score"] == pytest.approx(float(found.mean()), rel=1e-4)
    assert np.array_equal(api.load(run).predict(image).array, found)


def test_the_same_plan_gives_the_same_scores(run, tmp_path):
    again = api.train(run / "plan.yaml", out=tmp_path / "again")
    scores = [json.loads((r / "members/00/unlike.json").read_text()) for r in (run, again)]
    assert scores[0] == scores[1]
    assert Metrics.load(again / "metrics.json").metrics["auroc"] == Metrics.load(run / "metrics.json").metrics["auroc"]


def test_masks_that_are_empty_are_normal_and_voxels_are_scored(tmp_path):
    run = api.train(masked(tmp_path / "data"), out=tmp_path / "run", task="anomaly", budget=300)
    metrics = Metrics.load(run / "metrics.json").metrics
    assert metrics["auroc"].value == 1.0
    assert metrics["pixel_average_precision"].value > 0.5
    ranked = json.loads((run / "members/00/unlike.json").read_text())
    assert all(int(name.removeprefix("c")) % 4 for name, _ in ranked)
    assert Plan.load(run / "plan.yaml")["target.normal"] is None


def test_volumes_and_a_reconstruction_go_the_same_way(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["image,label"]
    for number in range(20):
        is_odd = number % 4 == 0
        write_nifti(tmp_path / f"data/{number}.nii.gz", texture(rng, (12, 12, 10), smooth=is_odd).astype(np.float32))
        rows.append(f"{number}.nii.gz,{'odd' if is_odd else 'normal'}")
    (tmp_path / "data/cases.csv").write_text("\n".join(rows))
    small = {"network.name": "autoencoder", "network.features": "[4, 8]", "schedule.steps": "4", "batch.size": "4"}
    run = api.train(tmp_path / "data", out=tmp_path / "run", task="anomaly", overrides=small)
    assert Metrics.load(run / "metrics.json").metrics["auroc"].value is not None
    assert (run / "members/00/unlike.json").exists()


def test_classes_whose_names_say_nothing_are_refused_until_one_is_named(tmp_path):
    data = class_folders(tmp_path / "data", normal="grainy")
    with pytest.raises(OptionError, match="which class is the normal one"):
        api.plan(data, task="anomaly")
    plan = api.plan(data, task="anomaly", overrides={"target.normal": "grainy"})
    assert plan["target.normal"] == "grainy"
    assert plan.decisions["target.normal"].chosen_by == "user"
    with pytest.raises(OptionError, match="no class is called 'grain'"):
        api.plan(data, task="anomaly", overrides={"target.normal": "grain"})


def test_a_normal_class_is_refused_where_the_task_asks_for_none(tmp_path):
    with pytest.raises(OptionError, match="has no normal class"):
        api.plan(class_folders(tmp_path / "data"), overrides={"target.normal": "healthy"})
    with pytest.raises(OptionError, match="has no normal class"):
        api.plan(masked(tmp_path / "masks"), task="anomaly", overrides={"target.normal": "foreground"})


def test_another_network_than_the_tasks_own_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"anomaly has no such network\.name"):
        api.plan(class_folders(tmp_path / "data"), task="anomaly", overrides={"network.name": "unet"})


def test_training_without_a_normal_case_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(20):
        mask = np.ones((24, 24), np.uint8)
        mask[0] = 0
        write_png(tmp_path / f"data/images/c{number:02d}.png", texture(rng).astype(np.uint8))
        write_png(tmp_path / f"data/masks/c{number:02d}.png", mask)
    with pytest.raises(RunError, match="no case of this part"):
        api.train(tmp_path / "data", out=tmp_path / "run", task="anomaly", budget=300)


def test_normal_cases_alone_can_be_learned_and_leave_numbers_undefined(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(20):
        write_png(tmp_path / f"data/images/c{number:02d}.png", texture(rng).astype(np.uint8))
        write_png(tmp_path / f"data/masks/c{number:02d}.png", np.zeros((24, 24), np.uint8))
    run = api.train(tmp_path / "data", out=tmp_path / "run", task="anomaly", budget=300)
    assert Metrics.load(run / "metrics.json").metrics["auroc"].value is None
