"""What ``inspect`` lists as an error, ``plan`` and ``train`` refuse: exit code 2, a message, and no run's folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, picture, write_labelled, write_msd, write_nifti, write_png

pytest.importorskip("torch", reason="planning asks torch for its devices")

from tiny_runs import VOLUMES, words

from diascope.cli.app import main
from diascope.core.documents.run import Run
from diascope.curate import load_dataset


def class_with_one_case(root: Path) -> Path:
    for n in range(9):
        write_png(root / f"{'rare' if n == 0 else 'common' if n < 5 else 'other'}/{n}.png", picture(n))
    return root


def patient_in_two_splits(root: Path) -> Path:
    patients = ["A", "B", "C", "D", "A", "E"]
    return write_labelled(root, 6, split=["train"] * 4 + ["val"] * 2, patient=patients)


def colour_and_grey(root: Path) -> Path:
    for n in range(8):
        write_png(root / f"{'ab'[n % 2]}/{n}.png", picture(n, (16, 18, 3) if n == 5 else (16, 18)))
    return root


def flat_and_solid(root: Path) -> Path:
    write_msd(root)
    image, mask = blob(3)
    write_nifti(root / "imagesTr/heart_003.nii.gz", image[..., :1])
    write_nifti(root / "labelsTr/heart_003.nii.gz", mask[..., :1])
    return root


def mask_on_another_grid(root: Path) -> Path:
    write_msd(root, 8)
    for n in range(8):  # in whichever part the case lies
        write_nifti(root / f"labelsTr/heart_{n:03d}.nii.gz", blob(n)[1][::2], np.diag([2.0, 1, 1, 1]))
    return root


def undeclared_values(root: Path) -> Path:
    return write_msd(root, labels={"0": "background", "1": "left"})


def nothing_but_nan(root: Path) -> Path:
    write_msd(root)
    for n in range(6):
        write_nifti(root / f"imagesTr/heart_{n:03d}.nii.gz", np.full((12, 11, 10), np.nan, np.float32))
    return root


def nothing_but_constant(root: Path) -> Path:
    write_msd(root)
    for n in range(6):
        write_nifti(root / f"imagesTr/heart_{n:03d}.nii.gz", np.full((12, 11, 10), n, np.int16))
    return root


def empty_folder(root: Path) -> Path:
    root.mkdir()
    return root


def no_such_path(root: Path) -> Path:
    return root


def pickled(root: Path) -> Path:
    file = root.with_suffix(".npz")
    np.savez(file, train_images=np.zeros((4, 8, 8), np.uint8), train_labels=np.array([{"a": 1}] * 4, object))
    return file


CASES: list[tuple[Callable[[Path], Path], list[str]]] = [
    (class_with_one_case, ["rare (1)"]),
    (patient_in_two_splits, ["scan_0, scan_4"]),
    (colour_and_grey, ["7 images are grey and 1 are RGB"]),
    (flat_and_solid, ["5 cases are 3-D and 1 are 2-D"]),
    (mask_on_another_grid, ["spacing (1, 1, 1) mm", "spacing (2, 1, 1) mm", "--set curate.resample_masks=true"]),
    (undeclared_values, ["values that no class names: 2"]),
    (nothing_but_nan, ["not finite"]),
    (nothing_but_constant, ["constant"]),
    (empty_folder, ["is empty"]),
    (no_such_path, ["does not exist"]),
    (pickled, ["Python objects", "train_labels"]),
]


@pytest.mark.parametrize("verb", ["plan", "train"])
@pytest.mark.parametrize(("make", "says"), CASES, ids=[make.__name__ for make, _ in CASES])
def test_error_in_the_data_is_refused(verb: str, make, says: list[str], tmp_path: Path, capsys):
    data = make(tmp_path / "data")
    out = ["--out", str(tmp_path / "run")] if verb == "train" else ["--write", str(tmp_path / "plan.yaml")]
    assert main([verb, str(data), *out]) == 2
    told = capsys.readouterr()
    assert all(word in told.err for word in says), told.err
    assert "Traceback" not in told.out + told.err
    assert "what to do:" in told.err
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "plan.yaml").exists()


def test_mask_on_another_grid_is_resampled_on_request(tmp_path: Path, capsys):
    data = mask_on_another_grid(tmp_path / "data")
    line = ["train", str(data), "--out", str(tmp_path / "run"), *words({**VOLUMES, "curate.resample_masks": "true"})]
    assert main(line) == 0, capsys.readouterr().err
    assert Run.load(tmp_path / "run/run.json").status == "done"
    assert any(p.code == "mask_resampled" for p in load_dataset(tmp_path / "run/dataset.yaml").problems)


def test_plan_of_a_written_document_with_resampled_masks_is_trained(tmp_path: Path, capsys):
    data, plan = mask_on_another_grid(tmp_path / "data"), tmp_path / "plan.yaml"
    written = tmp_path / "data/dataset.yaml"
    main(["inspect", str(data), "--write", str(written)])
    chosen = words({**VOLUMES, "curate.resample_masks": "true"})
    assert main(["plan", str(written), *chosen, "--write", str(plan)]) == 0, capsys.readouterr().err
    assert main(["train", str(plan), "--out", str(tmp_path / "run")]) == 0, capsys.readouterr().err


def test_single_bad_images_are_left_out_by_name_and_the_rest_is_trained_on(tmp_path: Path, capsys):
    data = write_msd(tmp_path / "data", 10)
    broken = blob(1)[0].astype(np.float32)
    broken[2, 2, 2] = np.nan
    write_nifti(data / "imagesTr/heart_001.nii.gz", broken)
    write_nifti(data / "imagesTr/heart_002.nii.gz", np.full((12, 11, 10), 7, np.int16))
    run = tmp_path / "run"
    assert main(["train", str(data), "--out", str(run), *words(VOLUMES), "--json"]) == 0, capsys.readouterr().err
    left_out = load_dataset(run / "dataset.yaml").left_out
    assert set(left_out) == {"heart_001", "heart_002"}
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "heart_001" in report
    assert "heart_002" in report
    used = json.loads((run / "predictions/index.json").read_text())
    assert not set(left_out) & {*used["cases"], *used["training"]}
