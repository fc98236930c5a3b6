import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, codes, picture, write_labelled, write_msd, write_nifti, write_png, write_table

from diascope.core.documents.dataset import Dataset, Problem
from diascope.core.errors import DatasetError, OptionError
from diascope.curate import (
    check_trainable,
    load_dataset,
    read_dataset,
    root_of,
    save_dataset,
    target_from_attribute,
    unreadable,
)


def problem(dataset: Dataset, code: str) -> Problem:
    return next(p for p in dataset.problems if p.code == code)


def write_parts(folder: Path, images: dict[str, tuple[int, str, str]]) -> Path:
    """Write one PNG a case: id → (seed of its content, label, part)."""
    rows = []
    for name, (seed, label, part) in images.items():
        write_png(folder / f"{name}.png", picture(seed))
        rows.append({"image": f"{name}.png", "label": label, "split": part})
    write_table(folder / "cases.csv", rows)
    return folder


def test_training_copy_of_a_test_image_is_left_out(tmp_path: Path):
    cases = {f"t{n}": (n, "ab"[n % 2], "train") for n in range(6)}
    cases |= {"v0": (20, "a", "val"), "v1": (21, "b", "val"), "e0": (0, "a", "test"), "e1": (31, "b", "test")}
    found = read_dataset(write_parts(tmp_path, cases))
    assert set(found.left_out) == {"t0"}
    assert "e0" in found.left_out["t0"]
    assert found.splits is not None
    assert found.splits.test == ("e0", "e1")
    assert "t0" not in found.splits.folds[0].train
    assert unreadable(found) == ()


def test_copies_with_other_labels_are_all_left_out(tmp_path: Path):
    write_labelled(tmp_path, 10)
    write_png(tmp_path / "img/scan_5.png", picture(2))  # label 1, the other copy has label 0
    found = read_dataset(tmp_path)
    assert set(found.left_out) == {"scan_2", "scan_5"}
    assert set(problem(found, "contradicting_copies").cases) == {"scan_2", "scan_5"}


def test_copies_with_other_masks_are_all_left_out(tmp_path: Path):
    write_msd(tmp_path, 6)
    image, mask = blob(0)
    write_nifti(tmp_path / "imagesTr/heart_001.nii.gz", image.astype(np.float32))
    write_nifti(tmp_path / "labelsTr/heart_001.nii.gz", np.roll(mask, 1, 0))
    assert set(read_dataset(tmp_path).left_out) == {"heart_000", "heart_001"}


def test_splits_made_here_keep_copies_together(tmp_path: Path):
    write_labelled(tmp_path, 20)
    for n in range(10, 20):
        write_png(tmp_path / f"img/scan_{n}.png", picture(n - 10))
    found = read_dataset(tmp_path)
    assert found.left_out == {}
    assert found.splits is not None
    for fold in found.splits.folds:
        held = {i.removeprefix("scan_") for i in fold.validation}
        assert {str((int(i) + 10) % 20) for i in held} == held
    assert len(problem(found, "copies").cases) == 20


def test_copies_inside_one_given_part_stay_and_are_listed(tmp_path: Path):
    cases = {f"t{n}": (n // 2, "ab"[n // 2 % 2], "train") for n in range(8)}
    cases |= {"v0": (20, "a", "val"), "v1": (21, "b", "val")}
    found = read_dataset(write_parts(tmp_path, cases))
    assert found.left_out == {}
    assert len(problem(found, "copies").cases) == 8


def test_copy_in_another_given_fold_is_left_out_of_that_fold_only(tmp_path: Path):
    write_msd(tmp_path, 6)
    for part in ("imagesTr", "labelsTr"):
        (tmp_path / part / "heart_005.nii.gz").write_bytes((tmp_path / part / "heart_000.nii.gz").read_bytes())
    ids = [f"heart_{n:03d}" for n in range(6)]
    folds = [{"train": ids[1:], "val": ids[:1]}, {"train": [ids[0], *ids[2:]], "val": ids[1:2]}]
    (tmp_path / "splits_final.json").write_text(json.dumps(folds))
    found = read_dataset(tmp_path)
    assert found.splits is not None
    assert found.left_out == {}
    assert "heart_005" not in found.splits.folds[0].train
    assert "heart_005" in found.splits.folds[1].train


def test_patient_in_two_parts_is_an_error_that_names_no_patient(tmp_path: Path):
    write_labelled(
        tmp_path, 8, split=["train"] * 6 + ["val"] * 2, patient=["Carla"] * 2 + list("bcde") + ["Carla", "f"]
    )
    found = read_dataset(tmp_path)
    error = problem(found, "patient_in_two_splits")
    assert error.level == "error"
    assert set(error.cases) == {"scan_0", "scan_1", "scan_6"}
    assert "Carla" not in error.message
    with pytest.raises(DatasetError, match="patients lie in two parts"):
        check_trainable(found, "label")


def test_same_seed_gives_the_same_splits_and_another_seed_others(tmp_path: Path):
    write_labelled(tmp_path, 30)
    first, again, other = (read_dataset(tmp_path, seed=s).splits for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_folds_hold_each_class_evenly_and_each_case_validates_once(tmp_path: Path):
    write_labelled(tmp_path, 40, patient=[f"P{n // 2}" for n in range(40)])
    found = read_dataset(tmp_path)
    assert found.splits is not None
    held = [i for f in found.splits.folds for i in f.validation]
    assert sorted(held) == sorted(c.id for c in found.cases)
    for fold in found.splits.folds:
        labels = [found.by_id()[i].targets["label"] for i in fold.validation]
        assert labels.count("0") == labels.count("1") == 4


def test_saved_document_gives_the_same_dataset(tmp_path: Path):
    write_labelled(tmp_path / "data", 12, age=range(12))
    found = read_dataset(tmp_path / "data")
    path = save_dataset(found, tmp_path / "dataset.yaml")
    assert "root: data\n" in path.read_text()
    assert read_dataset(path) == found
    assert load_dataset(path) == found
    assert found.digest() == load_dataset(path).digest()
    (tmp_path / "data").rename(tmp_path / "moved")
    path.write_text(path.read_text().replace("root: data", "root: moved"))
    assert read_dataset(path).digest() == found.digest()


def test_root_is_absolute_where_the_document_lies_elsewhere(tmp_path: Path):
    write_labelled(tmp_path / "data", 6)
    found = read_dataset(tmp_path / "data")
    (tmp_path / "run").mkdir()
    path = save_dataset(found, tmp_path / "run/dataset.yaml")
    assert Dataset.load(path).root == str(tmp_path / "data")
    relative = found.model_copy(update={"root": "../data"})
    assert root_of(relative, path) == tmp_path / "data"


def test_edited_document_is_read_and_checked_again(tmp_path: Path):
    write_labelled(tmp_path, 12)
    found = read_dataset(tmp_path)
    path = save_dataset(found.model_copy(update={"cases": found.cases[:10], "splits": None}), tmp_path / "dataset.yaml")
    again = read_dataset(tmp_path)
    assert again.layout == "table"
    assert len(again.cases) == 10
    assert again.splits is not None
    assert again.splits.origin.startswith("made: seed 0")
    assert path.name not in {c.images["image"].path for c in again.cases}


def test_edited_split_with_one_patient_twice_is_found(tmp_path: Path):
    write_labelled(tmp_path, 10, patient=[f"P{n // 2}" for n in range(10)])
    found = read_dataset(tmp_path)
    assert found.splits is not None
    first = found.splits.folds[0]
    moved = first.model_copy(update={"train": (*first.train, first.validation[0]), "validation": first.validation[1:]})
    folds = (moved, *found.splits.folds[1:])
    path = save_dataset(
        found.model_copy(update={"splits": found.splits.model_copy(update={"folds": folds})}), tmp_path / "dataset.yaml"
    )
    assert "patient_in_two_splits" in codes(read_dataset(path))


def test_document_that_names_unknown_cases_is_refused(tmp_path: Path):
    write_labelled(tmp_path, 6)
    path = save_dataset(read_dataset(tmp_path), tmp_path / "dataset.yaml")
    path.write_text(path.read_text().replace("- scan_0\n", "- scan_99\n"))
    with pytest.raises(DatasetError, match="not there"):
        read_dataset(path)


def test_attribute_becomes_a_target_when_asked_for(tmp_path: Path):
    write_labelled(tmp_path, 12, age=[40 + 3 * n for n in range(12)], sex=["F", "M"] * 6, site=["x", "y", "z"] * 4)
    found = read_dataset(tmp_path)
    assert list(found.targets) == ["label"]
    aged = target_from_attribute(found, "age")
    assert aged.targets["age"].kind == "value"
    assert aged.cases[1].targets["age"] == 43.0
    assert "age" not in aged.attributes
    assert target_from_attribute(found, "sex").targets["sex"].classes == ("F", "M")
    assert target_from_attribute(found, "site").targets["site"].classes == ("x", "y", "z")
    with pytest.raises(OptionError, match="agee") as error:
        target_from_attribute(found, "agee")
    assert "'age'" in error.value.fix
    assert read_dataset(tmp_path, target="sex").splits.origin == "made: seed 0, stratified by sex"  # type: ignore[union-attr]


def test_headers_alone_are_enough_without_checking(tmp_path: Path):
    write_msd(tmp_path)
    found = read_dataset(tmp_path, check_images=False)
    assert (len(found.cases), found.ndim, found.measured) == (6, 3, None)
    assert found.splits is not None


def test_progress_counts_every_case(tmp_path: Path):
    seen: list[tuple[int, int, str]] = []
    read_dataset(write_labelled(tmp_path, 5), progress=lambda *step: seen.append(step))
    assert [s[:2] for s in seen] == [(n, 5) for n in range(1, 6)]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"patient": ["P1", "P1"]},
            "too few patients with a label to hold any out: expected at least 2 patients with a label, "
            "got 1 patient with 2 cases",
        ),
        (
            {"label": ["a", ""]},
            "too few cases with a label to hold any out: expected at least 2 cases with a label, got 1",
        ),
        ({"label": ["", ""], "patient": ["P1", "P1"]}, "no label at all, and too few patients"),
        ({"split": ["test", "test"]}, "no case with a label lies outside the test part that was given"),
    ],
    ids=["one patient", "one label", "no label", "test only"],
)
def test_too_few_cases_are_counted_in_what_is_divided(tmp_path: Path, columns: dict[str, list[str]], says: str):
    assert says in problem(read_dataset(write_labelled(tmp_path, 2, **columns)), "too_few_cases").message


def test_masks_that_are_all_missing_are_no_label_to_learn(tmp_path: Path):
    write_png(tmp_path / "a.png", picture(0))
    write_png(tmp_path / "b.png", picture(1))
    write_table(tmp_path / "t.csv", [{"image": f"{n}.png", "mask": f"{n}_gone.png"} for n in "ab"])
    message = problem(read_dataset(tmp_path), "too_few_cases").message
    assert message.startswith("no case has a label, so there is nothing to learn")


def test_copies_of_one_image_are_said_to_be_too_few(tmp_path: Path):
    for name in "abc":
        write_png(tmp_path / f"{name}.png", picture(0))
    message = problem(read_dataset(tmp_path), "too_few_cases").message
    assert "there is no label at all" in message
    assert "got 3 cases, which are copies of one image" in message
