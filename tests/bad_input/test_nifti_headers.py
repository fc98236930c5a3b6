"""NIfTI headers as they come, through the commands: they work, and what was decided is said."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from made_data import blob, write_msd
from tiny_runs import VOLUMES, words

from diascope.cli.app import main

ODD = ("heart_001", "heart_002", "heart_003")


def apart(image: nibabel.Nifti1Image) -> None:
    """Move the qform 7 mm away from the sform."""
    other = np.eye(4)
    other[0, 3] = 7
    image.set_sform(np.eye(4), 2)
    image.set_qform(other, 1)


def left_handed(image: nibabel.Nifti1Image) -> None:
    image.set_sform(np.diag([-1.0, 1, 1, 1]), 1)
    image.set_qform(np.diag([-1.0, 1, 1, 1]), 1)


def save(path: Path, array: np.ndarray, change: Callable[[nibabel.Nifti1Image], None]) -> None:
    image = nibabel.Nifti1Image(array, np.eye(4))
    change(image)
    image.to_filename(path)


def save_without_affine(path: Path, array: np.ndarray) -> None:
    """Write an sform of nothing but zeros; nibabel itself would refuse."""
    content = bytearray(nibabel.Nifti1Image(array, np.eye(4)).to_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]))
    header["sform_code"], header["qform_code"] = 1, 0
    for row in ("srow_x", "srow_y", "srow_z"):
        header[row] = 0
    content[:348] = header.binaryblock
    path.write_bytes(gzip.compress(bytes(content)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return ten cases, three of them with odd headers, image and mask alike."""
    root = write_msd(tmp_path / "data", 10)
    for part, index in (("imagesTr", 0), ("labelsTr", 1)):
        for name, change in zip(ODD, (apart, left_handed), strict=False):
            save(root / part / f"{name}.nii.gz", blob(int(name[-1]))[index], change)
        save_without_affine(root / part / f"{ODD[2]}.nii.gz", blob(3)[index])
    return root


def test_inspect_works_and_says_what_was_taken(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["inspect", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "cases     10, left out 0" in text
    said = {next(n for n in ODD if n in row): row for row in text.splitlines() if "reader" in row and "1 case" in row}
    assert "qform and sform disagree: the corners lie up to 7 mm apart" in text
    assert "its affines have no volume: orientation and position are unknown" in text
    assert set(said) == {"heart_001", "heart_003"}
    assert "mask_on_other_grid" not in text


def test_plan_works_and_trains_on_all(folder: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("torch", reason="planning asks torch for its devices")
    assert main(["plan", str(folder), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["decisions"]["preprocess.orientation"]["value"] == "RAS"
    assert plan["decisions"]["preprocess.spacing_mm"]["value"] == [1, 1, 1]


def test_odd_headers_train_and_are_predicted_on_their_own_grid(folder: Path, tmp_path: Path, capsys):
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    assert main(["train", str(folder), "--out", str(tmp_path / "run"), *words(VOLUMES)]) == 0, capsys.readouterr().err
    inputs = [str(folder / f"imagesTr/{name}.nii.gz") for name in ODD]
    assert main(["predict", str(tmp_path / "run"), *inputs, "--out", str(tmp_path / "out")]) == 0
    for name in ODD[:2]:
        given, made = (nibabel.load(p / f"{name}.nii.gz") for p in (folder / "imagesTr", tmp_path / "out"))
        np.testing.assert_allclose(made.get_sform(), given.get_sform())
        np.testing.assert_allclose(made.get_qform(), given.get_qform(), atol=1e-6)
