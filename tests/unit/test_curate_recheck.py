"""A written document that was edited, or whose files were: what is corrected is seen, and what is broken too."""

import os
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, codes, picture, write_labelled, write_msd, write_nifti, write_png, write_table

from diascope.core.documents.dataset import Case, Dataset, Fold, Source, Target
from diascope.core.errors import DatasetError
from diascope.curate import check_trainable, load_dataset, read_dataset, save_dataset
from diascope.curate.sources import stamp_files

SHIFTED = np.array([[1, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def save(dataset: Dataset, folder: Path, **changes: object) -> Path:
    return save_dataset(dataset.model_copy(update=changes), folder / "dataset.yaml")


def write_shifted_mask(folder: Path) -> Path:
    write_nifti(write_msd(folder) / "labelsTr/heart_000.nii.gz", blob(0)[1], SHIFTED)
    return folder


def write_unnamed_value(folder: Path) -> Path:
    mask = blob(0)[1]
    mask[mask == 2] = 7
    write_nifti(write_msd(folder) / "labelsTr/heart_000.nii.gz", mask)
    return folder


def with_fold(dataset: Dataset, train: list[str], validation: list[str], test: list[str]) -> Dataset:
    assert dataset.splits is not None
    fold = Fold(train=tuple(train), validation=tuple(validation))
    splits = dataset.splits.model_copy(update={"folds": (fold,), "test": tuple(test)})
    return dataset.model_copy(update={"splits": splits})


def test_masks_on_another_grid_are_resampled_when_asked_for_after_writing(tmp_path: Path):
    path = save(read_dataset(write_shifted_mask(tmp_path)), tmp_path)
    with pytest.raises(DatasetError, match="another grid"):
        check_trainable(read_dataset(path), "mask")
    resampled = read_dataset(path, resample_masks=True)
    assert "mask_resampled" in codes(resampled)
    check_trainable(resampled, "mask")
    assert "mask_on_other_grid" in codes(read_dataset(save(resampled, tmp_path)))


def test_value_named_in_a_written_document_is_no_error_any_more(tmp_path: Path):
    found = read_dataset(write_unnamed_value(tmp_path))
    assert "undeclared_values" in codes(found)
    named = Target(kind="mask", classes=("background", "left", "right", "valve"), values=(0, 1, 2, 7))
    again = read_dataset(save(found, tmp_path, targets={"mask": named}))
    assert "undeclared_values" not in codes(again)
    assert again.measured is not None
    assert again.measured.present["mask"]["valve"] == 1
    check_trainable(again, "mask")


def test_value_taken_out_of_a_written_document_is_an_error(tmp_path: Path):
    fewer = Target(kind="mask", classes=("background", "left"), values=(0, 1))
    path = save(read_dataset(write_msd(tmp_path)), tmp_path, targets={"mask": fewer})
    assert "undeclared_values" in codes(read_dataset(path))


def test_mask_corrected_in_place_is_read_again(tmp_path: Path):
    path = save(read_dataset(write_unnamed_value(tmp_path)), tmp_path)
    assert "undeclared_values" in codes(read_dataset(path))
    write_nifti(tmp_path / "labelsTr/heart_000.nii.gz", blob(0)[1])
    check_trainable(read_dataset(path), "mask")


def test_voxels_beside_an_unchanged_header_are_noticed(tmp_path: Path):
    (tmp_path / "a.mhd").write_text("ObjectType = Image\nNDims = 2\nDimSize = 2 2\nElementType = MET_UCHAR\n"
                                    "ElementDataFile = a.raw\n")  # fmt: skip
    (tmp_path / "a.raw").write_bytes(b"1234")
    cases = [Case(id="a", images={"image": Source(path="a.mhd")})]
    before = stamp_files(tmp_path, cases)
    (tmp_path / "a.raw").write_bytes(b"12345")
    assert before != stamp_files(tmp_path, cases) != ""
    (tmp_path / "a.mhd").unlink()
    assert stamp_files(tmp_path, cases) == ""


def test_image_broken_after_writing_is_found(tmp_path: Path):
    path = save(read_dataset(write_msd(tmp_path)), tmp_path)
    image = blob(1)[0].astype(np.float32)
    image[0, 0, 0] = np.nan
    write_nifti(tmp_path / "imagesTr/heart_001.nii.gz", image)
    assert set(read_dataset(path).left_out) == {"heart_001"}


def test_class_merged_in_a_written_document_is_too_small_no_more(tmp_path: Path):
    write_labelled(tmp_path, 11)
    labels = [*(n % 2 for n in range(10)), 2]
    write_table(tmp_path / "cases.csv", [{"image": f"img/scan_{n}.png", "label": v} for n, v in enumerate(labels)])
    found = read_dataset(tmp_path)
    assert "class_too_small" in codes(found)
    cases = tuple(c.model_copy(update={"targets": {"label": str(labels[n] % 2)}}) for n, c in enumerate(found.cases))
    merged = read_dataset(save(found, tmp_path, cases=cases))  # the class is still declared, and nobody has it
    assert "out of the target's classes" in next(p.message for p in merged.problems if p.code == "class_too_small")
    targets = {"label": Target(kind="class", classes=("0", "1"))}
    check_trainable(read_dataset(save(found, tmp_path, cases=cases, targets=targets)), "label")


def test_class_with_one_case_left_in_a_written_document_is_an_error(tmp_path: Path):
    found = read_dataset(write_labelled(tmp_path, 10))
    labels = ["1", *"0" * 9]
    cases = tuple(c.model_copy(update={"targets": {"label": v}}) for c, v in zip(found.cases, labels, strict=True))
    assert "class_too_small" in codes(read_dataset(save(found, tmp_path, cases=cases)))


def test_files_copied_to_another_place_are_the_same_data(tmp_path: Path):
    found = read_dataset(write_msd(tmp_path))
    path = save(found, tmp_path)
    for file in tmp_path.rglob("*.nii.gz"):
        os.utime(file, (1, 1))
    again = read_dataset(path)
    assert again.measured != found.measured
    assert again.digest() == found.digest()


def test_reading_a_document_again_forgets_no_case_that_was_left_out(tmp_path: Path):
    write_msd(tmp_path)
    (tmp_path / "imagesTr/heart_003.nii.gz").write_bytes(b"damaged")
    path = save(read_dataset(tmp_path), tmp_path)
    os.utime(tmp_path / "imagesTr/heart_001.nii.gz", (1, 1))
    again = read_dataset(path)
    assert set(again.left_out) == {"heart_003"}
    assert "unreadable" in codes(again)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_copy_moved_out_of_training_in_a_written_document_leaves_no_copy_behind(tmp_path: Path, part: str):
    write_labelled(tmp_path, 12)
    write_png(tmp_path / "img/scan_2.png", picture(0))
    found = read_dataset(tmp_path)
    ids = [c.id for c in found.cases if c.id != "scan_2"]
    held = {"validation": ids[8:9], "test": ids[9:10]}
    held[part] = [*held[part], "scan_2"]
    again = read_dataset(save(with_fold(found, ids[:8], held["validation"], held["test"]), tmp_path))
    assert again.splits is not None
    assert "scan_0" not in again.splits.folds[0].train
    warning = next(p for p in again.problems if p.code == "copies_across_splits")
    assert "scan_0 = scan_2" in warning.message
    assert "scan_2" in again.left_out["scan_0"]
    assert read_dataset(save(again, tmp_path)) == load_dataset(tmp_path / "dataset.yaml")


def test_copies_with_labels_that_an_edit_made_different_are_left_out(tmp_path: Path):
    write_labelled(tmp_path, 12)
    write_png(tmp_path / "img/scan_2.png", picture(0))
    found = read_dataset(tmp_path)
    cases = tuple(c.model_copy(update={"targets": {"label": "1"}}) if c.id == "scan_2" else c for c in found.cases)
    assert set(read_dataset(save(found, tmp_path, cases=cases)).left_out) == {"scan_0", "scan_2"}


def test_unedited_document_with_copies_is_taken_as_it_stands(tmp_path: Path):
    write_labelled(tmp_path, 12)
    write_png(tmp_path / "img/scan_2.png", picture(0))
    found = read_dataset(tmp_path)
    path = save(found, tmp_path)
    seen: list[str] = []
    assert read_dataset(path, progress=lambda *step: seen.append(step[2])) == found
    assert seen == []
    os.utime(tmp_path / "img/scan_1.png", (1, 1))
    assert read_dataset(path).digest() == found.digest()
