from pathlib import Path

import pytest
from made_data import codes

from diascope.curate import read_dataset

pytestmark = pytest.mark.data


def test_hippocampus_has_the_folds_of_nnunet(shared_data: Path):
    found = read_dataset(shared_data / "msd_hippocampus")
    assert (len(found.cases), found.ndim, found.modality, found.ignored) == (260, 3, "MR", 2)
    assert found.targets["mask"].classes == ("background", "Anterior", "Posterior")
    assert found.splits is not None
    assert found.splits.origin == "given: splits_final_nnunet.json"
    assert [(len(f.train), len(f.validation)) for f in found.splits.folds] == [(208, 52)] * 5
    assert not [p for p in found.problems if p.level != "note"]


def test_pneumoniamnist_keeps_its_test_part_and_loses_ten_training_copies(shared_data: Path):
    found = read_dataset(shared_data / "pneumoniamnist")
    assert found.splits is not None
    assert (len(found.splits.folds[0].validation), len(found.splits.test)) == (524, 624)
    assert set(found.left_out) == set(next(p for p in found.problems if p.code == "copies_across_splits").cases)
    assert all(i.startswith("train_") for i in found.left_out)


def test_siim_ct_offers_contrast_without_being_asked(shared_data: Path):
    found = read_dataset(shared_data / "siim_ct")
    assert {n: t.classes for n, t in found.targets.items()} == {"contrast": ("0", "1")}
    assert set(found.attributes) == {"age", "manufacturer", "kvp", "slice_thickness_mm"}
    assert (found.ndim, len({c.patient for c in found.cases})) == (2, 54)
    assert read_dataset(shared_data / "siim_ct", target="age", check_images=False).targets["age"].kind == "value"


def test_pet_table_gives_masks(shared_data: Path):
    found = read_dataset(shared_data / "sts_petct" / "pet.csv", check_images=False)
    assert (found.layout, len(found.cases), found.targets["mask"].kind) == ("table", 36, "mask")
    assert found.has_patients()


def test_structure_sets_are_masks_of_their_series(shared_data: Path):
    found = read_dataset(shared_data / "sts_petct" / "dicom")
    assert found.targets["mask"].classes == ("background", "GTV_Mass")
    assert (len(found.cases), len({c.patient for c in found.cases})) == (9, 3)
    assert all(c.targets["mask"] is not None for c in found.cases)
    assert "STS_0" not in "".join(p.message for p in found.problems) + "".join(c.id for c in found.cases)


def test_every_dicom_sample_is_an_image_or_named(shared_data: Path):
    found = read_dataset(shared_data / "dicom_samples")
    assert len(found.cases) == 13
    assert found.left_out == {}
    assert codes(found) >= {"mixed_dimensions", "mixed_components", "label_without_image"}


def test_blood_cells_are_recognised_with_their_split(shared_data: Path):
    found = read_dataset(shared_data / "bccd", check_images=False)
    assert found.layout == "voc"
    assert found.splits is not None
    assert [len(found.splits.folds[0].train), len(found.splits.folds[0].validation), len(found.splits.test)] == [
        205,
        87,
        72,
    ]
