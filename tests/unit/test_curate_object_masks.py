"""The layout with one mask a nucleus in a folder for each image."""

from pathlib import Path

import numpy as np
from made_data import codes, picture, write_png
from made_nuclei import write_object_masks

from diascope.core.documents.dataset import Source
from diascope.curate import read_dataset


def test_layout_is_recognised_with_all_its_masks(tmp_path: Path):
    dataset = read_dataset(write_object_masks(tmp_path, 5))
    assert dataset.layout == "object_masks"
    assert [c.id for c in dataset.cases] == [f"{n:04x}" for n in range(5)]
    assert dataset.targets["instances"].kind == "instances"
    value = dataset.cases[0].targets["instances"]
    assert isinstance(value, Source)
    assert len(value.files) == len(list((tmp_path / "0000" / "masks").iterdir()))
    assert dataset.ignored == 0
    assert not [p for p in dataset.problems if p.level == "error"]


def test_given_parts_are_kept(tmp_path: Path):
    write_object_masks(tmp_path / "train", 5)
    write_object_masks(tmp_path / "test", 2)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "object_masks"
    assert dataset.splits is not None
    assert len(dataset.splits.test) == 2


def test_image_without_masks_has_no_reference_and_is_named(tmp_path: Path):
    write_object_masks(tmp_path, 5)
    write_png(tmp_path / "beef" / "images" / "beef.png", picture(9, (48, 56)))
    dataset = read_dataset(tmp_path)
    assert dataset.by_id()["beef"].targets["instances"] is None
    assert "image_without_label" in codes(dataset)


def test_overlapping_masks_are_noted(tmp_path: Path):
    write_object_masks(tmp_path, 5)
    write_png(tmp_path / "0000" / "masks" / "zz.png", np.full((48, 56), 255, np.uint8))
    dataset = read_dataset(tmp_path)
    assert any("the later wins" in p.message for p in dataset.problems)


def test_image_beside_its_one_mask_stays_a_pair(tmp_path: Path):
    for n in range(4):
        write_png(tmp_path / f"p{n}" / "images" / "a.png", picture(n))
        write_png(tmp_path / f"p{n}" / "masks" / "a.png", (picture(n) > 128).astype(np.uint8))
    assert read_dataset(tmp_path).layout == "pairs"


def test_mask_of_another_size_leaves_its_case_out_by_name(tmp_path: Path):
    write_object_masks(tmp_path, 5)
    write_png(tmp_path / "0001" / "masks" / "zz.png", np.ones((9, 9), np.uint8))
    dataset = read_dataset(tmp_path)
    assert "zz.png has another size" in dataset.left_out["0001"]
