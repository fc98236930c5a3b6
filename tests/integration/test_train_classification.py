"""Classification from data to report: a class, several labels with gaps, and volumes."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Picture

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.curate import load_dataset
from diascope.train.parts import parts_of

SMALL = {"network.features": "[4, 4, 8, 8]", "batch.size": "4", "schedule.steps": "6"}


def class_folders(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(40):
        folder = root / ("bright" if number % 2 else "dark")
        folder.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 100, (16, 16)) + 100 * (number % 2)
        Picture.fromarray(picture.astype(np.uint8)).save(folder / f"{number}.png")
    return root


def multilabel_table(root: Path) -> Path:
    rng = np.random.default_rng(0)
    root.mkdir()
    rows = ["image,spot,stripe,patient"]
    for number in range(40):
        spot, stripe = number % 2, (number // 2) % 2
        picture = rng.integers(0, 60, (16, 16))
        picture[4:8, 4:8] += 120 * spot
        picture[12] += 120 * stripe
        Picture.fromarray(picture.astype(np.uint8)).save(root / f"{number}.png")
        rows.append(f"{number}.png,{'' if number == 7 else spot},{stripe},p{number // 2}")
    (root / "cases.csv").write_text("\n".join(rows))
    return root


def volumes(root: Path) -> Path:
    rng = np.random.default_rng(0)
    root.mkdir()
    rows = ["image,label"]
    for number in range(20):
        volume = rng.normal(size=(10, 12, 8)).astype(np.float32)
        volume[: 5 if number % 2 else 10] += 2
        nib.save(nib.Nifti1Image(volume, np.eye(4)), root / f"{number}.nii.gz")
        rows.append(f"{number}.nii.gz,{'half' if number % 2 else 'full'}")
    (root / "cases.csv").write_text("\n".join(rows))
    return root


@pytest.mark.parametrize(("make", "outputs"), [(class_folders, 2), (multilabel_table, 2), (volumes, 2)])
def test_it_trains_fits_and_predicts(tmp_path, make, outputs):
    data = make(tmp_path / "data")
    run = api.train(data, out=tmp_path / "run", overrides=SMALL)
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.task == "classification"
    assert metrics.metrics["auroc"].ci95 is not None
    assert Calibration.load(run / "calibration.json").cases > 0
    image = sorted(data.rglob("*.png") if make is not volumes else data.rglob("*.nii.gz"))[0]
    done = api.predict(run, [image], out=tmp_path / "out")
    assert {p.name for p in done.written} == {"predictions.csv", "predictions.json"}
    (row,) = json.loads((tmp_path / "out" / "predictions.json").read_text()).values()
    assert len(row) == outputs
    assert all(0 <= v <= 1 for v in row.values())


def test_cases_that_are_fitted_on_are_neither_trained_on_nor_evaluated(tmp_path):
    run = api.train(multilabel_table(tmp_path / "data"), out=tmp_path / "run", overrides=SMALL)
    dataset, plan = load_dataset(run / "dataset.yaml"), Plan.load(run / "plan.yaml")
    parts = parts_of(dataset, plan, 0)
    patients = {c.id: c.patient for c in dataset.cases}
    names = [{patients[i] for i in ids} for ids in (parts.train, parts.calibrate, parts.evaluate)]
    assert parts.calibrate
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    assert not names[1] & names[2]


def test_segmentation_holds_nothing_back(tmp_path):
    """A task that fits nothing trains on the whole training part."""
    root, rng = tmp_path / "data", np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(10):
        mask = np.zeros((16, 16), np.uint8)
        mask[3 : 9 + i % 3, 4:11] = 1
        image = (rng.integers(0, 50, mask.shape) + 90.0 * mask).astype(np.uint8)
        Picture.fromarray(image).save(root / "images" / f"{i}.png")
        Picture.fromarray(mask).save(root / "masks" / f"{i}.png")
    dataset = api.inspect(root)
    plan = api.plan(root)
    parts = parts_of(dataset, plan, 0)
    assert parts.calibrate == ()
    assert set(parts.train) == set(dataset.splits.folds[0].train)
