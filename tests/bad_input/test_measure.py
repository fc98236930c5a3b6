"""What cannot be measured is refused by name, and is never a 0."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, picture, write_msd, write_nifti, write_png, write_series

import diascope
from diascope.cli.app import main
from diascope.core.errors import InputError, OptionError

SPACED = np.diag([2.0, 2.0, 3.0, 1.0])


def measure(*line: object) -> int:
    return main(["measure", *map(str, line)])


def test_empty_mask_is_nan_named_and_never_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", np.zeros((6, 6, 6), np.uint8), SPACED)
    assert measure(path, "--out", tmp_path / "a.json") == 0
    assert "The mask of foreground is empty" in capsys.readouterr().err
    row = json.loads((tmp_path / "a.json").read_text())["structures"][0]
    assert row["voxels"] == 0
    assert {q["value"] for q in row["quantities"].values()} == {None}
    assert {q["why"] for q in row["quantities"].values()} == {"the mask is empty"}


def test_volume_without_millimetres_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    np.save(tmp_path / "a.npy", blob(0)[1])
    assert measure(tmp_path / "a.npy", "--out", tmp_path / "a.csv") == 2
    told = capsys.readouterr().err
    assert "refused a: the voxels' size is not known" in told
    assert "volume" in told
    assert not (tmp_path / "a.csv").exists()


def test_picture_without_millimetres_is_measured_in_pixels_and_says_so(tmp_path: Path):
    mask = np.zeros((20, 20), np.uint8)
    mask[5:15, 5:15] = 1
    found = diascope.measure([write_png(tmp_path / "a.png", mask)])
    assert set(found.structures[0].quantities) == {"area_px", "perimeter_px", "area_share"}
    assert "area, recist" in found.notes["a"][0]


def test_millimetres_that_were_asked_for_are_refused_for_a_picture(tmp_path: Path):
    path = write_png(tmp_path / "a.png", np.eye(9, dtype=np.uint8))
    with_one = diascope.measure([path], measures=["fetal_head"])
    assert with_one.structures == ()
    assert "fetal_head" in with_one.refused["a"]
    with_two = diascope.measure([path], measures=["fetal_head", "pixels"])
    assert with_two.structures[0].quantities["bpd_mm"].value is None
    assert "not known" in with_two.structures[0].quantities["bpd_mm"].why


def test_mask_on_another_grid_than_its_image_is_refused_and_the_rest_is_done(tmp_path: Path, capsys):
    data = write_msd(tmp_path / "data", 3)
    write_nifti(data / "labelsTr/heart_001.nii.gz", blob(1)[1], SPACED)
    assert measure(data, "--out", tmp_path / "a.csv", "--measures", "volume") == 3
    assert "refused heart_001: the mask heart_001.nii.gz lies on another grid" in capsys.readouterr().err
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (picture(0, (40, 40)), "a.png is a picture, no mask"),
        (np.stack([picture(n, (40, 40)) for n in range(3)], -1), "a label map has one channel"),
    ],
)
def test_mask_that_is_a_picture_is_refused(array: np.ndarray, words: str, tmp_path: Path):
    found = diascope.measure([write_png(tmp_path / "a.png", array)])
    assert words in found.refused["a"]
    assert not found.structures


def test_mask_with_a_fraction_beyond_1_is_refused(tmp_path: Path):
    found = diascope.measure([write_nifti(tmp_path / "a.nii.gz", np.linspace(0, 9, 64).reshape(4, 4, 4))])
    assert "whole numbers" in found.refused["a"]


def test_structure_that_does_not_exist_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert measure(write_msd(tmp_path, 3), "--structure", "lefft", "--out", tmp_path / "a.csv") == 2
    told = capsys.readouterr().err
    assert "there is no structure 'lefft'" in told
    assert "did you mean 'left'?" in told


def test_measure_and_options_that_do_not_exist_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", blob(0)[1], SPACED)
    for more, words in (
        (["--measures", "volum"], "did you mean 'volume'?"),
        (["--measures", "volume", "--threshold-suv", "4"], "no chosen measure reads threshold_suv"),
        (["--intensity-range", "5"], "--intensity-range is no range"),
        (["--label", "liver"], "--label is no N=NAME"),
        (["--label", "1=a", "--label", "1=b"], "twice"),
    ):
        assert measure(path, "--out", tmp_path / "a.csv", *more) == 2
        assert words in capsys.readouterr().err


def test_unwritable_output_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = write_nifti(tmp_path / "a.nii.gz", blob(0)[1], SPACED)
    (tmp_path / "taken").write_text("")
    assert measure(path, "--out", tmp_path / "taken/a.csv") == 2
    assert measure(path, "--out", tmp_path / "a.xlsx") == 2
    assert ".parquet" in capsys.readouterr().err


def test_unit_that_contradicts_the_file_is_refused(tmp_path: Path):
    files = write_series(tmp_path / "ct")
    mask = np.zeros((16, 16, 4), np.uint8)
    mask[4:9, 4:9, 1:3] = 1
    path = write_nifti(tmp_path / "m.nii.gz", mask, np.diag([-1.0, -1, 2, 1]))
    with pytest.raises(OptionError, match="another unit"):
        diascope.measure([path], images=[files[0].parent], unit="SUV")
    found = diascope.measure([path], images=[files[0].parent])
    assert found.structures[0].quantities["mean_hu"].value is not None


def test_images_beside_data_that_name_their_own_are_refused(tmp_path: Path):
    data = write_msd(tmp_path, 3)
    with pytest.raises(OptionError, match="names its images itself"):
        diascope.measure([data], images=[data / "imagesTr"])


def test_input_that_does_not_exist_or_holds_no_mask_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        diascope.measure([tmp_path / "nothing"])
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(InputError, match="no mask"):
        diascope.measure([tmp_path])


def test_dicom_images_without_segmentation_are_refused(tmp_path: Path):
    folder = tmp_path / "Doe^Jane"
    write_series(folder)
    (reason,) = diascope.measure([folder]).refused.values()
    assert "0_0.dcm is a picture, no mask" in reason
    assert "Doe" not in reason


def test_patient_of_the_folder_stands_in_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "Doe^Jane"
    write_png(folder / "a.png", picture(0, (40, 40)))
    measure(folder / "a.png", "--out", tmp_path / "a.csv", "--json")
    told = capsys.readouterr()
    assert "Doe" not in told.err
