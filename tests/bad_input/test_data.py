"""Bad data: the right exit code, and a message that says what, what was expected, where, and what to do."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, picture, write_labelled, write_msd, write_nifti, write_png, write_series, write_table

from diascope.cli.app import main


@pytest.fixture
def inspect(capsys: pytest.CaptureFixture[str]):
    """Return a function that inspects a path and gives exit code, answer and messages; no traceback may be in them."""

    def run(path: Path) -> tuple[int, str, str]:
        code = main(["inspect", str(path)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert str(path.parent) not in out + err, "a message names the folders that lead to the data"
        return code, out, err

    return run


def line(text: str, word: str) -> str:
    return next(row for row in text.splitlines() if word in row)


def test_empty_folder_is_refused(tmp_path: Path, inspect):
    folder = tmp_path / "nothing here"
    folder.mkdir()
    code, _, err = inspect(folder)
    assert code == 2
    assert "the folder nothing here is empty" in err
    assert "expected: medical images" in err


def test_path_that_does_not_exist_is_refused(tmp_path: Path, inspect):
    code, _, err = inspect(tmp_path / "gone")
    assert code == 2
    assert "gone does not exist" in err
    assert "check the path" in err


def test_folder_without_images_says_what_is_there(tmp_path: Path, inspect):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/notes.docx").write_bytes(b"x")
    write_table(tmp_path / "data/people.csv", [{"name": "x", "shoe": 42}])
    code, _, err = inspect(tmp_path / "data")
    assert code == 2
    assert "no known layout fits" in err
    assert "people.csv has the columns name, shoe, and none of them names image files" in err


def test_blanks_and_letters_of_any_language_work(tmp_path: Path, inspect):
    code, out, _ = inspect(write_msd(tmp_path / "Herz Übung 心"))
    assert code == 0
    assert "heart" in out.lower()


def test_mask_on_another_grid_prints_both_geometries(tmp_path: Path, inspect):
    write_msd(tmp_path / "d")
    write_nifti(tmp_path / "d/labelsTr/heart_002.nii.gz", blob(2)[1], np.diag([1, 1, 2, 1]))
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    row = line(out, "mask_on_other_grid")
    assert row.strip().startswith("error")
    assert "heart_002.nii.gz" in row
    assert "spacing (1, 1, 1) mm" in row
    assert "spacing (1, 1, 2) mm" in row
    assert "curate.resample_masks=true" in row


def test_mask_grid_within_float32_headers_is_the_same(tmp_path: Path, inspect):
    write_msd(tmp_path / "d")
    write_nifti(tmp_path / "d/labelsTr/heart_002.nii.gz", blob(2)[1], np.diag([1.00001, 1, 1, 1]))
    _, out, _ = inspect(tmp_path / "d")
    assert "mask_on_other_grid" not in out


def test_channels_on_different_grids_are_said_and_kept(tmp_path: Path, inspect):
    folder = tmp_path / "d"
    for n in range(4):
        image, mask = blob(n)
        write_nifti(folder / f"imagesTr/c{n}_0000.nii.gz", image)
        write_nifti(folder / f"imagesTr/c{n}_0001.nii.gz", image[::2], np.diag([2, 1, 1, 1]))
        write_nifti(folder / f"labelsTr/c{n}.nii.gz", mask)
    content = {"channel_names": {"0": "CT", "1": "PET"}, "labels": {"background": 0, "left": 1, "right": 2}}
    (folder / "dataset.json").write_text(json.dumps(content))
    code, out, _ = inspect(folder)
    assert code == 0
    assert "brought to the first channel's" in line(out, "channels_on_other_grids")


def test_label_without_image_and_image_without_label_are_named(tmp_path: Path, inspect):
    folder = tmp_path / "d"
    for n in range(6):
        image, mask = blob(n)
        write_nifti(folder / f"images/c{n}.nii.gz", image)
        write_nifti(folder / f"masks/c{n}.nii.gz", mask)
    (folder / "images/c1.nii.gz").unlink()
    (folder / "masks/c4.nii.gz").unlink()
    code, out, _ = inspect(folder)
    assert code == 0
    assert "c1.nii.gz" in line(out, "label_without_image")
    assert "c4" in line(out, "image_without_label")


def test_mask_value_that_dataset_json_does_not_name(tmp_path: Path, inspect):
    write_msd(tmp_path / "d", labels={"0": "background", "1": "left"})
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    row = line(out, "undeclared_values")
    assert row.strip().startswith("error")
    assert "values that no class names: 2" in row
    assert "expected only 0 background, 1 left" in row


def test_truncated_nifti_is_left_out_by_name(tmp_path: Path, inspect):
    write_msd(tmp_path / "d")
    file = tmp_path / "d/imagesTr/heart_003.nii.gz"
    file.write_bytes(file.read_bytes()[:400])
    code, out, _ = inspect(tmp_path / "d")
    assert code == 3
    assert "heart_003.nii.gz" in line(out, "unreadable")
    assert "Left out (1)" in out


def test_nothing_readable_ends_with_two(tmp_path: Path, inspect):
    write_msd(tmp_path / "d", 2)
    for file in (tmp_path / "d/imagesTr").iterdir():
        file.write_bytes(b"not an image")
    code, _, err = inspect(tmp_path / "d")
    assert code == 2
    assert "none of the 2 cases can be read" in err


def test_truncated_dicom_is_left_out_by_name(tmp_path: Path, inspect):
    for seed in range(1, 4):
        files = write_series(tmp_path / "d", seed)
    files[1].write_bytes(files[1].read_bytes()[:-200])
    code, out, _ = inspect(tmp_path / "d")
    assert code == 3
    assert "3_1.dcm" in line(out, "unreadable")


def test_missing_dicom_slice_is_said_where(tmp_path: Path, inspect):
    for seed in range(1, 4):
        files = write_series(tmp_path / "d", seed, slices=6)
    files[2].unlink()
    code, out, _ = inspect(tmp_path / "d")
    assert code == 3
    row = line(out, "unreadable")
    assert "missing" in row
    assert "3_1.dcm" in row
    assert "3_3.dcm" in row


def test_two_series_in_one_folder_are_separated(tmp_path: Path, inspect):
    write_series(tmp_path / "d", 1)
    write_series(tmp_path / "d", 2)
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    assert "split by SeriesInstanceUID" in line(out, "series_separated")
    assert "SECRET" not in out
    assert "Canary" not in out


def test_table_without_an_image_column_is_refused(tmp_path: Path, inspect):
    write_table(tmp_path / "d/cases.csv", [{"who": "a", "what": "b"}])
    code, _, err = inspect(tmp_path / "d/cases.csv")
    assert code == 2
    assert "has no column that names image files" in err
    assert "got: the columns who, what" in err
    assert "where: cases.csv" in err


def test_table_with_a_missing_file_goes_on_without_it(tmp_path: Path, inspect):
    write_labelled(tmp_path / "d", 8)
    (tmp_path / "d/img/scan_3.png").unlink()
    code, out, _ = inspect(tmp_path / "d")
    assert code == 3
    assert "the file scan_3.png, which cases.csv names, does not exist" in out


def test_table_with_a_repeated_case_takes_it_once(tmp_path: Path, inspect):
    folder = write_labelled(tmp_path / "d", 8)
    with (folder / "cases.csv").open("a") as table:
        table.write("img/scan_2.png,0\r\n")
    code, out, _ = inspect(folder)
    assert code == 0
    assert "cases     8," in out
    assert "more than once" in line(out, "repeated_rows")


def test_table_with_one_case_labelled_twice_differently_leaves_it_out(tmp_path: Path, inspect):
    folder = write_labelled(tmp_path / "d", 8)
    with (folder / "cases.csv").open("a") as table:
        table.write("img/scan_2.png,1\r\n")
    code, out, _ = inspect(folder)
    assert code == 0
    assert "with different labels" in line(out, "contradicting_copies")


def test_empty_patient_cells_are_counted(tmp_path: Path, inspect):
    folder = write_labelled(tmp_path / "d", 10, patient=["A", "A", "", "B", "NA", "C", "C", "D", "D", "E"])
    code, out, _ = inspect(folder)
    assert code == 0
    assert "2 of 10 cases name no patient: each is taken for a patient of its own" in out


def test_numbers_written_as_text_are_classes(tmp_path: Path, inspect):
    folder = tmp_path / "d"
    rows = [{"image": f"{n}.png", "label": ["0", " 1", "1.0", "0.0"][n % 4]} for n in range(8)]
    for n in range(8):
        write_png(folder / f"{n}.png", picture(n))
    write_table(folder / "t.csv", rows)
    code, out, _ = inspect(folder)
    assert code == 0
    assert "classification  0 4, 1 4" in out


def test_two_possible_targets_are_listed(tmp_path: Path, inspect):
    folder = tmp_path / "d"
    rows = [{"image": f"{n}.png", "side": "LR"[n % 2], "stage": f"s{n % 3}"} for n in range(9)]
    for n in range(9):
        write_png(folder / f"{n}.png", picture(n))
    write_table(folder / "t.csv", rows)
    code, out, _ = inspect(folder)
    assert code == 0
    assert "Targets (2; plan and train need --target)" in out


def test_class_with_one_case_is_an_error_in_the_answer(tmp_path: Path, inspect):
    folder = tmp_path / "d"
    for n in range(9):
        write_png(folder / f"{'rare' if n == 0 else 'common' if n < 5 else 'other'}/{n}.png", picture(n))
    code, out, _ = inspect(folder)
    assert code == 0
    row = line(out, "class_too_small")
    assert row.strip().startswith("error")
    assert "rare (1)" in row
    assert "merge the class" in row


def test_patient_in_two_splits_is_an_error_in_the_answer(tmp_path: Path, inspect):
    folder = write_labelled(
        tmp_path / "d", 6, split=["train"] * 4 + ["val"] * 2, patient=["A", "B", "C", "D", "A", "E"]
    )
    code, out, _ = inspect(folder)
    assert code == 0
    row = line(out, "patient_in_two_splits")
    assert row.strip().startswith("error")
    assert "scan_0, scan_4" in row


def test_unknown_word_in_a_split_column_is_refused(tmp_path: Path, inspect):
    code, _, err = inspect(write_labelled(tmp_path / "d", 4, split=["train", "val", "holdout", "test"]))
    assert code == 2
    assert "'holdout'" in err
    assert "expected: train, val or test" in err


def test_nan_and_constant_images_are_left_out_by_name(tmp_path: Path, inspect):
    write_msd(tmp_path / "d", 8)
    broken = blob(1)[0].astype(np.float32)
    broken[2, 2, 2] = np.nan
    write_nifti(tmp_path / "d/imagesTr/heart_001.nii.gz", broken)
    write_nifti(tmp_path / "d/imagesTr/heart_002.nii.gz", np.full((12, 11, 10), 7, np.int16))
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    assert "heart_001" in line(out, "not_finite")
    assert "heart_002" in line(out, "constant_image")
    assert "Left out (2)" in out


def test_grey_and_colour_images_mixed(tmp_path: Path, inspect):
    for n in range(8):
        write_png(tmp_path / f"d/{'ab'[n % 2]}/{n}.png", picture(n, (16, 18, 3) if n == 5 else (16, 18)))
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    row = line(out, "mixed_components")
    assert row.strip().startswith("error")
    assert "7 images are grey and 1 are RGB (5)" in row


def test_flat_and_solid_images_mixed(tmp_path: Path, inspect):
    write_msd(tmp_path / "d", 6)
    image, mask = blob(3)
    write_nifti(tmp_path / "d/imagesTr/heart_003.nii.gz", image[..., :1])
    write_nifti(tmp_path / "d/labelsTr/heart_003.nii.gz", mask[..., :1])
    code, out, _ = inspect(tmp_path / "d")
    assert code == 0
    row = line(out, "mixed_dimensions")
    assert row.strip().startswith("error")
    assert "5 cases are 3-D and 1 are 2-D (heart_003)" in row


def test_npz_with_a_pickled_object_is_refused(tmp_path: Path, inspect):
    path = tmp_path / "d.npz"
    np.savez(path, train_images=np.zeros((4, 8, 8), np.uint8), train_labels=np.array([{"a": 1}] * 4, object))
    code, _, err = inspect(path)
    assert code == 2
    assert "Python objects" in err
    assert "'train_labels'" in err


def test_regions_in_dataset_json_are_refused_clearly(tmp_path: Path, inspect):
    code, _, err = inspect(write_msd(tmp_path / "d", 2, labels={"background": 0, "whole": [1, 2], "core": 2}))
    assert code == 2
    assert "regions" in err
    assert "where: d, read as layout dataset_json" in err


def test_dataset_json_that_is_no_json_is_refused(tmp_path: Path, inspect):
    write_msd(tmp_path / "d", 2)
    (tmp_path / "d/dataset.json").write_text("{broken")
    code, _, err = inspect(tmp_path / "d")
    assert code == 2
    assert "dataset.json is no JSON" in err


def test_read_only_target_of_write_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_labelled(tmp_path / "d", 6)
    code = main(["inspect", str(tmp_path / "d"), "--write", str(tmp_path / "absent/dataset.yaml")])
    assert code == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()
