"""Films from data to report: inspected, planned, trained, predicted and shown playing."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import write_films, write_nifti, write_table

from diascope import api
from diascope.core.documents.plan import Plan
from diascope.core.errors import OptionError
from diascope.curate import read_dataset
from diascope.fingerprint import compute_fingerprint
from diascope.physics.motion import CLASSES

SMALL = {"network.features": "[4, 4, 8, 8]", "batch.size": "4", "schedule.steps": "4", "preprocess.frames": "6"}


def test_inspect_says_how_films_differ(tmp_path: Path) -> None:
    dataset = read_dataset(write_films(tmp_path))
    said = {p.code: p.message for p in dataset.problems}
    assert "frames and 0.3" in said["clip_lengths"]
    assert "frames a second" in said["clip_rates"]
    clip = compute_fingerprint(dataset, tmp_path).clip
    assert clip is not None
    assert clip.untimed == 0
    assert clip.frames[0] < clip.frames[2]


def test_still_images_among_films_are_an_error(tmp_path: Path) -> None:
    write_films(tmp_path, 6)
    for n in (2, 5):
        write_nifti(
            tmp_path / f"film_{n:03d}.nii.gz", np.random.default_rng(n).integers(0, 9, (16, 16, 1)).astype(np.int16)
        )
    problems = {p.code: p for p in read_dataset(tmp_path).problems}
    assert problems["mixed_clips"].level == "error"
    assert problems["mixed_clips"].cases == ("film_002", "film_005")


def test_plan_chooses_frames_and_the_network_over_them(tmp_path: Path) -> None:
    plan = api.plan(write_films(tmp_path), budget=60)
    assert plan["network.name"] == "cine"
    assert plan["network.frames"] == plan["preprocess.frames"] == plan["preprocess.components"]["image"]
    assert 0 < plan["preprocess.frame_seconds"] * plan["preprocess.frames"] <= 0.45
    assert plan["augment.flip"] == []
    assert plan["augment.per_channel"] is False


def test_films_without_rates_are_taken_evenly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 200, (20, 7, 16, 16)).astype(np.uint8)
    np.savez(tmp_path / "films.npz", clips=clips, labels=np.arange(20) % 2)
    plan = api.plan(tmp_path / "films.npz", budget=60)
    assert (plan["preprocess.frames"], plan["preprocess.frame_seconds"]) == (7, None)
    assert plan["network.name"] == "cine"


def test_user_may_say_that_volumes_of_a_file_are_frames(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for n in range(12):
        write_nifti(tmp_path / f"a{n}.nii.gz", rng.integers(0, 99, (16, 16, 1, 6)).astype(np.int16))
        rows.append({"image": f"a{n}.nii.gz", "label": n % 2})
    write_table(tmp_path / "cases.csv", rows)
    assert api.plan(tmp_path, budget=60)["network.name"] == "resnet"
    plan = api.plan(tmp_path, budget=60, overrides={"preprocess.frames": "4"})
    assert plan["network.name"] == "cine"
    assert plan["preprocess.components"] == {"image": 4}


def test_one_mask_for_a_whole_film_is_no_reference_of_its_frames(tmp_path: Path) -> None:
    write_films(tmp_path, 12)
    for n in range(12):
        write_nifti(tmp_path / f"mask_{n}.nii.gz", np.eye(16, dtype=np.uint8)[..., None])
    rows = [{"image": f"film_{n:03d}.nii.gz", "mask": f"mask_{n}.nii.gz"} for n in range(12)]
    write_table(tmp_path / "cases.csv", rows)
    (problem,) = (p for p in read_dataset(tmp_path).problems if p.level == "error")
    assert problem.code == "mask_on_other_grid"
    assert "one map is not taken for a whole clip" in problem.message


def test_task_without_a_network_over_time_refuses_films(tmp_path: Path) -> None:
    write_films(tmp_path, 12)
    with pytest.raises(OptionError, match="anomaly has no network for images over time"):
        api.plan(tmp_path, task="anomaly", budget=60, overrides={"target.normal": CLASSES[0]})


def test_numbers_are_learned_from_films_in_their_unit(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    data, run = write_films(tmp_path / "data"), tmp_path / "run"
    rng = np.random.default_rng(0)
    rows = [{"image": f"film_{n:03d}.nii.gz", "ejection_ml": f"{rng.normal(70, 8):.2f}"} for n in range(24)]
    write_table(data / "cases.csv", rows)
    api.train(data, out=run, budget=90, overrides=SMALL, target="ejection_ml")
    plan = Plan.load(run / "plan.yaml")
    assert (plan.task, plan["network.name"]) == ("regression", "cine")
    assert 60 < plan["network.output_mean"][0] < 80
    assert json.loads((run / "metrics.json").read_text())["metrics"]["mae"]["value"] < 40
    assert "frames side by side" in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [".nii.gz", ".gif"])
def test_films_train_to_a_report_that_plays_them(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    data, run = write_films(tmp_path / "data", kind=kind), tmp_path / "run"
    api.train(data, out=run, budget=90, overrides=SMALL)
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "playing as fast as it was taken" in report
    assert "frames side by side" in report
    metrics = json.loads((run / "metrics.json").read_text())
    assert 0 <= metrics["metrics"]["auroc"]["value"] <= 1
    assert Plan.load(run / "plan.yaml")["network.temporal"] == "attention"
    found = api.load(run).predict(data / f"film_000{kind}")
    assert set(found) == {"contracting", "relaxing"}
