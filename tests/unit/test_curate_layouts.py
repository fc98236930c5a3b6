import json
from pathlib import Path

import numpy as np
import pytest
from made_data import blob, codes, picture, write_labelled, write_msd, write_nifti, write_png, write_series, write_table

from diascope.core.errors import DatasetError
from diascope.curate import read_dataset
from diascope.io import read_image


def test_decathlon_folder_gives_cases_with_masks(tmp_path: Path):
    found = read_dataset(write_msd(tmp_path))
    assert (found.layout, found.other_layouts, found.name, found.modality) == (
        "dataset_json",
        ("pairs",),
        "Heart",
        "MR",
    )
    assert found.channels == ("MRI",)
    assert found.targets["mask"].classes == ("background", "left", "right")
    assert found.cases[0].images["MRI"].path == "imagesTr/heart_000.nii.gz"
    assert found.measured is not None
    assert found.measured.present["mask"] == {"background": 6, "left": 6, "right": 6}
    assert found.ignored == 0


def test_nnunet_folder_reads_channels_and_labels_by_name(tmp_path: Path):
    for n in range(4):
        image, mask = blob(n)
        for channel in range(2):
            write_nifti(tmp_path / f"imagesTr/c{n}_{channel:04d}.nii.gz", image + channel)
        write_nifti(tmp_path / f"labelsTr/c{n}.nii.gz", mask)
    (tmp_path / "imagesTr/c3_0001.nii.gz").unlink()
    content = {"channel_names": {"0": "T1", "1": "T2"}, "labels": {"right": 2, "background": 0, "left": 1}}
    (tmp_path / "dataset.json").write_text(json.dumps(content | {"file_ending": ".nii.gz", "numTraining": 4}))
    found = read_dataset(tmp_path)
    assert found.channels == ("T1", "T2")
    assert found.targets["mask"].classes == ("background", "left", "right")
    assert [set(c.images) for c in found.cases] == [{"T1", "T2"}] * 3 + [{"T1"}]
    assert next(p for p in found.problems if p.code == "missing_channel").cases == ("c3",)


def test_given_folds_are_taken_as_they_stand(tmp_path: Path):
    ids = [f"heart_{n:03d}" for n in range(6)]
    folds = [{"train": ids[2:], "val": ids[:2]}, {"train": ids[:4], "val": ids[4:]}]
    write_msd(tmp_path)
    (tmp_path / "splits_final_mine.json").write_text(json.dumps(folds))
    splits = read_dataset(tmp_path).splits
    assert splits is not None
    assert splits.origin == "given: splits_final_mine.json"
    assert [f.validation for f in splits.folds] == [("heart_000", "heart_001"), ("heart_004", "heart_005")]


def test_labelled_test_images_are_the_test_part(tmp_path: Path):
    write_msd(tmp_path, 6)
    image, mask = blob(50)
    write_nifti(tmp_path / "imagesTs/heart_050.nii.gz", image)
    write_nifti(tmp_path / "labelsTs/heart_050.nii.gz", mask)
    write_nifti(tmp_path / "imagesTs/heart_051.nii.gz", blob(51)[0])
    found = read_dataset(tmp_path)
    assert found.splits is not None
    assert found.splits.test == ("heart_050",)
    assert "heart_050" not in {i for f in found.splits.folds for i in (*f.train, *f.validation)}
    assert "unlabelled_test" in codes(found)


def test_regions_are_refused_by_name(tmp_path: Path):
    write_msd(tmp_path, 2, labels={"background": 0, "whole": [1, 2], "core": 2})
    with pytest.raises(DatasetError, match="regions") as error:
        read_dataset(tmp_path)
    assert "whole" in error.value.describe()


def test_table_with_patient_and_attributes(tmp_path: Path):
    write_labelled(tmp_path, 10, patient=[f"P{n // 2}" for n in range(10)], age=range(40, 50), scanner=["a", "b"] * 5)
    (tmp_path / "README.md").write_text("ignored")
    write_table(tmp_path / "other.csv", [{"a": 1}])
    found = read_dataset(tmp_path)
    assert (found.layout, found.ignored, found.attributes) == ("table", 2, ("age", "scanner"))
    assert {n: t.classes for n, t in found.targets.items()} == {"label": ("0", "1")}
    assert found.cases[3].patient == "P1"
    assert found.cases[3].attributes == {"age": 43.0, "scanner": "b"}
    assert found.splits is not None
    assert found.splits.grouped_by == "patient"
    for fold in found.splits.folds:
        patients = found.by_id()
        assert not {patients[i].patient for i in fold.train} & {patients[i].patient for i in fold.validation}


def test_table_is_found_by_its_own_path_and_with_other_delimiters(tmp_path: Path):
    for n in range(6):
        write_png(tmp_path / f"a b/ü_{n}.png", picture(n))
    lines = ["file;Diagnose"] + [f"a b/ü_{n}.png;{'ja' if n % 2 else 'nein'}" for n in range(6)]
    table = tmp_path / "fälle 1.csv"
    table.write_text("\n".join(lines), encoding="utf-8-sig")
    found = read_dataset(table)
    assert found.targets["Diagnose"].classes == ("ja", "nein")
    assert [c.id for c in found.cases][:2] == ["ü_0", "ü_1"]


def test_mask_column_makes_a_mask_target(tmp_path: Path):
    rows = []
    for n in range(5):
        image, mask = blob(n)
        write_nifti(tmp_path / f"s{n}/PET_image.nii.gz", image)
        write_nifti(tmp_path / f"s{n}/PET_mask.nii.gz", mask)
        rows.append({"image": f"s{n}/PET_image.nii.gz", "mask": f"s{n}/PET_mask.nii.gz", "patient": f"s{n}"})
    write_table(tmp_path / "pet.csv", rows)
    found = read_dataset(tmp_path)
    assert found.targets["mask"].kind == "mask"
    assert found.targets["mask"].values == (0, 1, 2)
    assert found.cases[1].id == "s1_PET_image"


def test_several_image_columns_are_channels(tmp_path: Path):
    rows = []
    for n in range(6):
        for channel in ("flair", "t1"):
            write_png(tmp_path / f"{channel}/{n}.png", picture(n if channel == "t1" else n + 50))
        rows.append(
            {"flair": f"flair/{n}.png", "t1": f"t1/{n}.png" if n else "", "outcome": "good" if n % 2 else "bad"}
        )
    write_table(tmp_path / "cases.csv", rows)
    found = read_dataset(tmp_path)
    assert found.channels == ("flair", "t1")
    assert set(found.cases[0].images) == {"flair"}
    assert found.targets["outcome"].classes == ("bad", "good")


def test_yes_no_columns_make_one_target_with_missing_labels(tmp_path: Path):
    labels = {
        "edema": [0, 1, "", 1, 0, 1, 0, 1],
        "nodule": [1, 1, 0, 0, 1, "", 0, 1],
        "mass": ["0", "1.0", "0", "1"] * 2,
    }
    rows = []
    for n in range(8):
        write_png(tmp_path / f"{n}.png", picture(n))
        rows.append({"image": f"{n}.png"} | {k: v[n] for k, v in labels.items()})
    write_table(tmp_path / "labels.csv", rows)
    found = read_dataset(tmp_path)
    assert {n: (t.kind, t.classes) for n, t in found.targets.items()} == {
        "labels": ("classes", ("edema", "nodule", "mass"))
    }
    assert found.cases[2].targets["labels"] == {"edema": None, "nodule": 0, "mass": 0}
    assert "missing_labels" in codes(found)


def test_one_hot_columns_make_one_class(tmp_path: Path):
    rows = []
    for n in range(9):
        write_png(tmp_path / f"{n}.png", picture(n))
        rows.append({"image": f"{n}.png"} | {c: int(n % 3 == k) for k, c in enumerate(("MEL", "NV", "BCC"))})
    write_table(tmp_path / "labels.csv", rows)
    found = read_dataset(tmp_path)
    assert found.targets["labels"].kind == "class"
    assert found.cases[4].targets["labels"] == "NV"
    assert "one_hot" in codes(found)


def test_split_and_fold_columns_are_respected(tmp_path: Path):
    write_labelled(tmp_path / "a", 10, split=["train"] * 6 + ["val"] * 2 + ["test"] * 2)
    splits = read_dataset(tmp_path / "a").splits
    assert splits is not None
    assert (len(splits.folds), splits.test) == (1, ("scan_8", "scan_9"))
    assert splits.folds[0].validation == ("scan_6", "scan_7")
    write_labelled(tmp_path / "b", 12, fold=[n // 4 for n in range(12)])
    splits = read_dataset(tmp_path / "b").splits
    assert splits is not None
    assert [f.validation[0] for f in splits.folds] == ["scan_0", "scan_4", "scan_8"]


def test_test_part_alone_leaves_folds_to_be_made(tmp_path: Path):
    write_labelled(tmp_path, 16, split=["train"] * 12 + ["test"] * 4)
    splits = read_dataset(tmp_path, seed=3).splits
    assert splits is not None
    assert splits.origin.startswith("made: seed 3")
    assert (len(splits.folds), len(splits.test)) == (5, 4)


def write_npz(path: Path, labels: np.ndarray, **more: np.ndarray) -> Path:
    images = np.stack([picture(n, (12, 12)) for n in range(len(labels))])
    cut = len(labels) // 2
    arrays = {"train_images": images[:cut], "train_labels": labels[:cut]}
    arrays |= {
        "val_images": images[cut:-2],
        "val_labels": labels[cut:-2],
        "test_images": images[-2:],
        "test_labels": labels[-2:],
    }
    np.savez(path, **(arrays | more))
    return path


def test_medmnist_split_is_respected(tmp_path: Path):
    found = read_dataset(write_npz(tmp_path / "set.npz", np.arange(12)[:, None] % 3))
    assert (found.layout, found.name) == ("npz", "set")
    assert found.targets["label"].classes == ("0", "1", "2")
    assert found.splits is not None
    assert [len(found.splits.folds[0].train), len(found.splits.folds[0].validation), len(found.splits.test)] == [
        6,
        4,
        2,
    ]
    assert found.cases[7].images["image"].index == 1
    assert found.cases[7].targets == {"label": "1"}


def test_medmnist_label_columns_are_several_labels(tmp_path: Path):
    labels = np.random.default_rng(0).integers(0, 2, (12, 4))
    found = read_dataset(write_npz(tmp_path / "chest.npz", labels))
    assert found.targets["label"].kind == "classes"
    assert found.cases[0].targets["label"] == {str(n): int(v) for n, v in enumerate(labels[0])}


@pytest.mark.parametrize("style", ["folders", "suffix", "split folders"])
def test_pairs_are_found_by_folder_and_by_suffix(tmp_path: Path, style: str):
    for n in range(6):
        mask = np.zeros((16, 18), np.uint8)
        mask[4:9, 4:9] = 255
        part = "train" if n < 4 else "val"
        names = {
            "folders": (f"images/p{n}.png", f"masks/p{n}.png"),
            "suffix": (f"p{n}.png", f"p{n}_seg.png"),
            "split folders": (f"{part}/images/p{n}.png", f"{part}/labels/p{n}.png"),
        }[style]
        write_png(tmp_path / names[0], picture(n))
        write_png(tmp_path / names[1], mask)
    found = read_dataset(tmp_path)
    assert found.layout == "pairs"
    assert [c.id for c in found.cases] == [f"p{n}" for n in range(6)]
    assert found.targets["mask"].classes == ("background", "foreground")
    assert found.targets["mask"].values == (0, 255)
    assert found.splits is not None
    assert len(found.splits.folds) == (1 if style == "split folders" else 5)


def test_paired_volumes_with_channels(tmp_path: Path):
    for n in range(3):
        image, mask = blob(n)
        write_nifti(tmp_path / f"images/c{n}_0000.nii.gz", image)
        write_nifti(tmp_path / f"images/c{n}_0001.nii.gz", image[::-1])
        write_nifti(tmp_path / f"labels/c{n}.nii.gz", mask)
    found = read_dataset(tmp_path)
    assert found.ndim == 3
    assert found.channels == ("channel_0", "channel_1")
    assert [c.id for c in found.cases] == ["c0", "c1", "c2"]


def test_folder_per_class_below_parts(tmp_path: Path):
    n = 0
    for part, count in (("train", 3), ("test", 2)):
        for label in ("normal", "pneumonia"):
            for _ in range(count):
                n += 1
                write_png(tmp_path / f"xray/{part}/{label}/{n}.png", picture(n))
    found = read_dataset(tmp_path)
    assert found.layout == "class_folders"
    assert found.targets["label"].classes == ("normal", "pneumonia")
    assert found.splits is not None
    assert len(found.splits.test) == 4


def test_folders_below_a_class_are_patients(tmp_path: Path):
    for n in range(12):
        write_png(tmp_path / f"{'ab'[n % 2]}/subject {n // 4}/{n}.png", picture(n))
    found = read_dataset(tmp_path)
    assert found.has_patients()
    assert "folders_as_patients" in codes(found)


def write_classes(root: Path, folders: list[str]) -> Path:
    """Write two pictures into each folder."""
    for n, folder in enumerate(folders * 2):
        write_png(root / f"{folder}/{n}.png", picture(n))
    return root


def test_patient_with_images_of_two_classes_is_one_patient(tmp_path: Path):
    found = read_dataset(write_classes(tmp_path, [f"{c}/P{n:02d}" for c in ("benign", "malignant") for n in range(4)]))
    assert {c.patient for c in found.cases} == {"P00", "P01", "P02", "P03"}
    said = next(p for p in found.problems if p.code == "patients_in_several_classes")
    assert said.message.startswith("4 folder names occur below several classes")
    assert "P00" not in said.message
    assert found.splits is not None
    by_id = found.by_id()
    for fold in found.splits.folds:
        assert not {by_id[i].patient for i in fold.train} & {by_id[i].patient for i in fold.validation}


def test_patient_of_two_classes_in_two_given_parts_is_an_error(tmp_path: Path):
    names = [f"{part}/{c}/{part}{n}" for part in ("train", "test") for c in ("benign", "malignant") for n in range(2)]
    write_classes(tmp_path, [*names, "train/benign/P01", "test/malignant/P01"])
    assert "patient_in_two_splits" in codes(read_dataset(tmp_path))


def test_folder_called_images_below_a_class_is_no_patient(tmp_path: Path):
    write_classes(tmp_path, [f"{c}/images" for c in ("benign", "malignant") * 3])
    found = read_dataset(tmp_path)
    assert {c.patient for c in found.cases} == {None}
    assert "folders_as_patients" not in codes(found)


def test_dicom_series_are_grouped_labelled_and_anonymous(tmp_path: Path):
    rows = []
    for seed in range(1, 7):
        write_series(tmp_path / "all", seed)
        rows.append({"series": f"1.2.3.{seed}", "finding": "yes" if seed % 2 else "no"})
    write_table(tmp_path / "labels.csv", rows)
    found = read_dataset(tmp_path)
    assert (found.layout, found.ndim, found.modality, len(found.cases)) == ("dicom", 3, "CT", 6)
    assert "series_separated" in codes(found)
    by_source = {c.images["image"].files[0]: c.targets["finding"] for c in found.cases}
    assert by_source["1_0.dcm"] == "yes"
    assert by_source["2_0.dcm"] == "no"
    text = json.dumps(found.content())
    assert "SECRET" not in text
    assert "Canary" not in text
    assert found.has_patients()


def test_voc_trainval_is_a_union_of_parts(tmp_path: Path):
    ids = [f"b{n}" for n in range(6)]
    for n, i in enumerate(ids):
        write_png(tmp_path / f"JPEGImages/{i}.png", picture(n))
        (tmp_path / "Annotations").mkdir(exist_ok=True)
        (tmp_path / f"Annotations/{i}.xml").write_text("<annotation/>")  # a picture without a finding
    sets = tmp_path / "ImageSets/Main"
    sets.mkdir(parents=True)
    for name, part in {"train": ids[:3], "val": ids[3:5], "trainval": ids[:5], "test": ids[5:]}.items():
        (sets / f"{name}.txt").write_text("\n".join(part))
    found = read_dataset(tmp_path)
    assert found.layout == "voc"
    assert found.splits is not None
    assert [len(f.train) for f in found.splits.folds] == [3]
    assert found.targets["boxes"].kind == "boxes"


def test_coco_is_recognised(tmp_path: Path):
    write_png(tmp_path / "images/a.png", picture(0))
    write_png(tmp_path / "images/b.png", picture(1))
    for part, name in (("train", "a"), ("val", "b")):
        content = {"images": [{"id": 1, "file_name": f"{name}.png"}], "annotations": [], "categories": []}
        (tmp_path / f"instances_{part}.json").write_text(json.dumps(content))
    found = read_dataset(tmp_path)
    assert (found.layout, len(found.cases)) == ("coco", 2)
    assert [case.targets["boxes"] for case in found.cases] == [(), ()]


def test_images_alone_can_be_inspected(tmp_path: Path):
    path = write_png(tmp_path / "scan.png", picture(0))
    assert read_dataset(path).layout == "images"
    assert codes(read_dataset(tmp_path)) >= {"no_target"}


def test_channels_in_one_file_are_told_apart(tmp_path: Path):
    write_msd(tmp_path, 4, modality={"0": "FLAIR", "1": "T1w"})
    for n in range(4):
        image, _ = blob(n)
        write_nifti(tmp_path / f"imagesTr/heart_{n:03d}.nii.gz", np.stack([image, image // 2], -1))
    found = read_dataset(tmp_path)
    assert found.channels == ("FLAIR", "T1w")
    assert found.components == {}
    image = read_image(Path(found.root), found.cases[1].images["T1w"])
    np.testing.assert_array_equal(image.array[0], blob(1)[0] // 2)


def test_table_of_dicom_files_without_patients_takes_them_from_the_headers(tmp_path: Path):
    rows = []
    for seed in range(1, 9):
        (file,) = write_series(tmp_path / "d", seed, 1, PatientID=f"SECRET{seed // 2}")
        rows.append({"file": f"d/{file.name}", "label": "ab"[seed % 2]})
    write_table(tmp_path / "cases.csv", rows)
    found = read_dataset(tmp_path)
    assert (found.layout, found.ndim) == ("table", 2)
    assert len({c.patient for c in found.cases}) == 5
    assert "SECRET" not in json.dumps(found.content())


def test_table_may_name_files_above_its_folder(tmp_path: Path):
    rows = [{"image": f"../img/{n}.png", "label": n % 2} for n in range(6)]
    for n in range(6):
        write_png(tmp_path / f"img/{n}.png", picture(n))
    found = read_dataset(write_table(tmp_path / "lists/cases.csv", rows))
    assert len(found.cases) == 6
    assert found.left_out == {}
