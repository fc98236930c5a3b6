"""Detection from data to report: pictures with a table of boxes, and volumes whose boxes come from masks."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from made_data import write_nifti, write_png, write_table

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.curate import load_dataset
from diascope.curate.stage import read_dataset

SMALL = {"network.features": "[8, 8, 8, 8]", "batch.size": "2", "schedule.steps": "6"}


def pictures(root: Path) -> Path:
    """Write pictures with none to three discs, every fourth without any."""
    rng, rows = np.random.default_rng(0), []
    for number in range(24):
        image = rng.normal(60, 8, (48, 64))
        part = ("train", "val", "test")[0 if number < 14 else 1 if number < 19 else 2]
        row = {"image": f"{number}.png", "xmin": "", "ymin": "", "xmax": "", "ymax": "", "label": "", "split": part}
        for _ in range(number % 4):
            size, bright = int(rng.integers(8, 16)), int(rng.integers(2))
            y, x = int(rng.integers(48 - size)), int(rng.integers(64 - size))
            image[y : y + size, x : x + size] += 90 if bright else 50
            corners = {"xmin": x, "ymin": y, "xmax": x + size, "ymax": y + size}
            rows.append(row | corners | {"label": ("dim", "bright")[bright]})
        if number % 4 == 0:
            rows.append(row)
        write_png(root / f"{number}.png", image.clip(0, 255).astype(np.uint8))
    write_table(root / "boxes.csv", rows)
    return root


def volumes(root: Path) -> Path:
    """Write volumes with one or two bright regions and their masks, on a grid whose axes are turned round."""
    rng, rows, affine = np.random.default_rng(0), [], np.diag([-2.0, -2.0, 3.0, 1.0])
    for number in range(15):
        mask = np.zeros((20, 22, 18), np.uint8)
        mask[3:9, 4:11, 5:10] = 1
        mask[13:18, 12:18, 9:14] = number % 2
        image = (rng.normal(0, 0.3, mask.shape) + 4.0 * mask).astype(np.float32)
        write_nifti(root / f"i/{number}.nii.gz", image, affine)
        write_nifti(root / f"m/{number}.nii.gz", mask, affine)
        rows.append({"image": f"i/{number}.nii.gz", "mask": f"m/{number}.nii.gz", "patient": f"p{number}"})
    write_table(root / "cases.csv", rows)
    return root


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("detection")
    return api.train(pictures(root / "data"), out=root / "run", overrides=SMALL)


def test_baseline_that_looks_at_images_is_timed_with_the_end(run: Path, tmp_path: Path):
    from diascope.train.heldout import Fold
    from diascope.train.parts import parts_of
    from diascope.train.reserve import SMALL_SECONDS, time_end

    dataset, plan = load_dataset(run / "dataset.yaml"), Plan.load(run / "plan.yaml")
    times = time_end(tmp_path, dataset, plan, Fold(0, parts_of(dataset, plan, 0), ()))
    assert times.learning >= times.reading
    assert times.finishing != SMALL_SECONDS
    assert times.viewing > 0


def test_table_of_boxes_trains_fits_thresholds_and_reports(run: Path):
    metrics = Metrics.load(run / "metrics.json")
    assert (metrics.task, metrics.split, metrics.cases) == ("detection", "test", 5)
    assert metrics.metrics["map50"].ci95 is not None
    assert set(metrics.baselines) == {"typical_boxes", "intensity_threshold"}
    assert set(metrics.metrics["count_error"].per_class) == {"bright", "dim"}
    calibration = Calibration.load(run / "calibration.json")
    assert calibration.cases == 5
    assert set(calibration.thresholds) <= {"bright", "dim"}
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Detection of bright and dim" in page
    assert "FROC" in page
    assert "Sensitivity, small" in page


def test_new_images_are_answered_with_a_row_for_each_finding(run: Path, tmp_path: Path):
    image = Path(load_dataset(run / "dataset.yaml").root) / "3.png"
    done = api.predict(run, [image], out=tmp_path / "out")
    assert {p.name for p in done.written} == {"predictions.csv", "predictions.json"}
    (rows,) = json.loads((tmp_path / "out/predictions.json").read_text()).values()
    assert {"finding", "class", "score", "xmin", "ymin", "xmax", "ymax"} == set(rows[0])
    with (tmp_path / "out/predictions.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(rows)


def test_plan_follows_the_sizes_of_the_boxes(run: Path):
    plan = Plan.load(run / "plan.yaml")
    assert plan["network.pooling"] == [1, 1]
    assert plan["network.strides"][0] == [2, 2]
    assert plan["augment.elastic"] == 0
    assert plan.decisions["augment.mosaic"].rule == "detection"


def test_volumes_with_masks_are_learned_as_boxes(tmp_path: Path):
    run = api.train(volumes(tmp_path / "data"), task="detection", out=tmp_path / "run", overrides=SMALL)
    dataset = load_dataset(run / "dataset.yaml")
    assert [p.code for p in dataset.problems if p.code == "derived"] == ["derived"]
    value = dataset.by_id()["1"].targets["mask"]
    assert isinstance(value, tuple)
    assert [(box.low, box.high) for box in value] == [((3, 4, 5), (9, 11, 10)), ((13, 12, 9), (18, 18, 14))]
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.baselines["intensity_threshold"].metrics["sensitivity_at_1"].value == 1.0


@pytest.mark.data
def test_two_bad_boxes_of_the_blood_cells_are_dropped_by_name(shared_data: Path):
    found = read_dataset(shared_data / "bccd", check_images=False)
    (dropped,) = [p for p in found.problems if p.code == "box_dropped"]
    assert dropped.cases == ("BloodImage_00338", "BloodImage_00343")
    assert not found.left_out
    assert sum(len(c.targets["boxes"] or ()) for c in found.cases) == 4886
