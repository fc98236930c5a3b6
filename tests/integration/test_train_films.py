"""Clips with labels of every frame, from data to report: read, refused, planned, trained, predicted and shown."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import write_labelled_films, write_nifti, write_table

from diascope import api
from diascope.core.documents.dataset import Source
from diascope.core.documents.plan import Plan
from diascope.core.errors import DiascopeError, OptionError
from diascope.curate import read_dataset
from diascope.io import read_image

SMALL = {"network.features": "[4, 4, 8]", "batch.size": "4", "schedule.steps": "4"}


def test_inspect_says_that_every_frame_has_labels(tmp_path: Path) -> None:
    dataset = read_dataset(write_labelled_films(tmp_path))
    said = {p.code: p.message for p in dataset.problems}
    assert "a map for each frame" in said["clip_frames"]
    assert dataset.axes == "2-D + time"
    assert all(case.images["image"].as_film for case in dataset.cases)


def test_masks_with_other_numbers_of_frames_stop_training_by_name_and_number(tmp_path: Path) -> None:
    write_labelled_films(tmp_path)
    short = read_image(tmp_path, Source(path="masks/film_03.nii.gz")).array[:-2]
    write_nifti(tmp_path / "masks" / "film_03.nii.gz", np.moveaxis(short, 0, -1)[:, :, None])
    (problem,) = (p for p in read_dataset(tmp_path).problems if p.level == "error")
    assert problem.cases == ("film_03",)
    assert f"expected {len(short) + 2} frames" in problem.message
    assert f"got {len(short)} frames" in problem.message
    with pytest.raises(DiascopeError, match="another number of frames"):
        api.train(tmp_path, out=tmp_path / "run", budget=60, overrides=SMALL)


def test_one_mask_for_a_whole_clip_stops_training(tmp_path: Path) -> None:
    write_labelled_films(tmp_path)
    for mask in (tmp_path / "masks").iterdir():
        write_nifti(mask, np.eye(24, dtype=np.uint8)[..., None])
    (problem,) = (p for p in read_dataset(tmp_path).problems if p.level == "error")
    assert "got 1 frame" in problem.message
    assert "one map is not taken for a whole clip" in problem.message


def test_plan_sees_single_frames_with_their_neighbours(tmp_path: Path) -> None:
    plan = api.plan(write_labelled_films(tmp_path), budget=60)
    assert plan["network.name"] == "unet"
    assert plan["patch.size"][2] == plan["predict.window"][2] == 1
    assert all(kernel[2] == 1 for kernel in plan["network.kernels"])
    assert plan["preprocess.components"] == {"image": 2 * plan["preprocess.neighbours"] + 1}
    assert plan["augment.rotate_deg"][:2] == [0.0, 0.0]
    alone = api.plan(tmp_path, budget=60, overrides={"preprocess.neighbours": "0"})
    assert alone["preprocess.components"] == {"image": 1}
    with pytest.raises(OptionError, match=r"preprocess\.neighbours has the wrong type"):
        api.plan(tmp_path, budget=60, overrides={"preprocess.neighbours": "-1"})


def test_other_tasks_refuse_labels_of_frames(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="instances does not answer for every frame"):
        api.plan(write_labelled_films(tmp_path), budget=60, task="instances")


def test_clips_with_masks_may_be_learned_as_a_whole_where_another_target_is_asked_for(tmp_path: Path) -> None:
    write_labelled_films(tmp_path, 12)
    rows = [
        {"image": f"images/film_{n:02d}.nii.gz", "mask": f"masks/film_{n:02d}.nii.gz", "ejection": 50.5 + 1.25 * n}
        for n in range(12)
    ]
    write_table(tmp_path / "cases.csv", rows)
    assert api.plan(tmp_path, budget=60, target="ejection")["network.name"] == "cine"
    assert api.plan(tmp_path, budget=60, target="mask")["network.name"] == "unet"


@pytest.mark.parametrize("kind", [".nii.gz", ".gif"])
def test_films_train_to_labels_of_every_frame(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    data, run = write_labelled_films(tmp_path / "data", kind=kind), tmp_path / "run"
    api.train(data, out=run, budget=90, overrides=SMALL)
    assert Plan.load(run / "plan.yaml")["preprocess.neighbours"] == 2
    metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    assert 0 <= metrics["temporal_consistency"]["value"] <= 1
    assert metrics["hd95_mm"]["value"] is None
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "frames side by side, with the outlines of the reference" in report
    film = read_image(data, Source(path=f"images/film_00{kind}"))
    found = api.load(run).predict(data / "images" / f"film_00{kind}")
    assert found.array.shape == (1, 24, 24, len(film.array))
    done = api.load(run).predict_files([data / "images" / f"film_00{kind}"], tmp_path / "out")
    written = read_image(tmp_path / "out", Source(path=done.written[0].name))
    assert np.array_equal(np.moveaxis(found.array[0], -1, 0), written.array)


def test_films_in_an_npz_train_and_report_times(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    rng = np.random.default_rng(0)
    masks = np.zeros((10, 6, 20, 20), np.uint8)
    for n, t in np.ndindex(10, 6):
        masks[n, t, 4:12, 2 + t : 10 + t] = 1
    clips = (masks * 80 + rng.integers(0, 60, masks.shape)).astype(np.uint8)
    np.savez(tmp_path / "films.npz", clips=clips, masks=masks, fps=np.array([25.0]))
    run = tmp_path / "run"
    api.train(tmp_path / "films.npz", out=run, budget=90, overrides=SMALL)
    assert "temporal_consistency" in json.loads((run / "metrics.json").read_text())["metrics"]
    assert "0.20 s" in (run / "report.html").read_text(encoding="utf-8")


def test_volume_is_refused_where_the_network_sees_films_or_taken_frame_by_frame(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    data, run = write_labelled_films(tmp_path / "data"), tmp_path / "run"
    api.train(data, out=run, budget=90, overrides=SMALL)
    write_nifti(tmp_path / "volumes.nii.gz", np.random.default_rng(0).integers(0, 99, (16, 16, 8, 6)).astype(np.int16))
    write_nifti(tmp_path / "still.nii.gz", np.random.default_rng(0).integers(0, 99, (24, 24, 1)).astype(np.int16))
    done = api.load(run).predict_files([tmp_path / "volumes.nii.gz", tmp_path / "still.nii.gz"], tmp_path / "out")
    assert "frames are volumes" in done.refused["volumes"]
    assert [path.name for path in done.written if path.suffix == ".gz"] == ["still.nii.gz"]
