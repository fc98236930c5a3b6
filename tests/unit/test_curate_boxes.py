"""Boxes from Pascal VOC, COCO and tables, and what becomes of wrong ones."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diascope.core.documents.dataset import Box, Dataset
from diascope.core.errors import DatasetError, InputError
from diascope.curate.stage import read_dataset
from diascope.curate.trainable import check_trainable

CLASSES = ("cell", "nucleus")


def picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (20, 30), np.uint8)).save(path)


def voc(root: Path, boxes: dict[str, list[tuple[str, float, float, float, float]]]) -> Path:
    """Write a Pascal VOC folder; boxes are class, xmin, ymin, xmax, ymax."""
    (root / "Annotations").mkdir(parents=True)
    for seed, (name, some) in enumerate(boxes.items()):
        picture(root / "JPEGImages" / f"{name}.png", seed)
        objects = "".join(
            f"<object><name>{label}</name><difficult>1</difficult><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax>"
            f"<ymax>{d}</ymax></bndbox></object>"
            for label, a, b, c, d in some
        )
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{objects}</annotation>", encoding="utf-8")
    return root


def boxes_of(data: Dataset, case_id: str) -> tuple[Box, ...]:
    value = data.by_id()[case_id].targets["boxes"]
    assert isinstance(value, tuple)
    return value


def said(data: Dataset, code: str) -> str:
    return next(p.message for p in data.problems if p.code == code)


def test_voc_pixels_count_from_one_and_the_last_belongs_to_the_box(tmp_path: Path):
    data = read_dataset(voc(tmp_path / "d", {"a": [("cell", 1, 3, 10, 20)], "b": [("nucleus", 2, 2, 4, 4)]}))
    assert boxes_of(data, "a") == (Box(label="cell", low=(2, 0), high=(20, 10)),)
    assert data.targets["boxes"].classes == CLASSES


def test_image_without_boxes_is_a_negative_and_one_without_annotation_is_unknown(tmp_path: Path):
    root = voc(tmp_path / "d", {"a": [("cell", 1, 3, 10, 20)], "b": []})
    picture(root / "JPEGImages" / "c.png", 9)
    data = read_dataset(root)
    assert boxes_of(data, "b") == ()
    assert data.by_id()["c"].targets["boxes"] is None
    assert next(p.cases for p in data.problems if p.code == "image_without_label") == ("c",)


def test_box_over_the_border_is_clipped_and_empty_or_outer_ones_are_dropped_each_named(tmp_path: Path):
    wrong = [("cell", 25, 15, 40, 18), ("cell", 7, 7, 7, 7), ("cell", 50, 3, 60, 9), ("cell", 2, 2, 9, 9)]
    data = read_dataset(voc(tmp_path / "d", {"a": wrong, "b": [("cell", 1, 1, 5, 5)]}))
    assert boxes_of(data, "a") == (
        Box(label="cell", low=(14, 24), high=(18, 30)),
        Box(label="cell", low=(1, 1), high=(9, 9)),
    )
    assert "a: cell from 14, 24 to 18, 40" in said(data, "box_clipped")
    assert "2 boxes" in said(data, "box_dropped")
    assert "a: cell from 7, 7 to 7, 7" in said(data, "box_dropped")
    assert "a: cell from 2, 49 to 9, 60" in said(data, "box_dropped")
    assert "a" not in data.left_out


def test_swapped_corners_are_refused_by_name(tmp_path: Path):
    data = read_dataset(voc(tmp_path / "d", {"a": [("cell", 10, 3, 2, 9)], "b": [("cell", 1, 1, 5, 5)]}))
    assert "in a, box 1" in said(data, "wrong_label")
    assert "swapped" in said(data, "wrong_label")
    with pytest.raises(DatasetError, match="corners swapped"):
        check_trainable(data, "boxes")


def test_annotation_that_is_no_annotation_is_named(tmp_path: Path):
    root = voc(tmp_path / "d", {"a": [("cell", 1, 3, 10, 20)]})
    (root / "Annotations" / "a.xml").write_text("<annotation><object><name>cell</name></object></annotation>")
    with pytest.raises(InputError, match=r"object 1 of a.xml has no corners"):
        read_dataset(root)
    (root / "Annotations" / "a.xml").write_text("not xml")
    with pytest.raises(InputError, match=r"a.xml is no XML file"):
        read_dataset(root)


def coco(root: Path, annotations: list[dict], categories: tuple[str, ...] = CLASSES) -> Path:
    for n in (1, 2):
        picture(root / f"{n}.png", n)
    content = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in (1, 2)],
        "annotations": [{"id": k, **a} for k, a in enumerate(annotations)],
        "categories": [{"id": 10 * n, "name": name} for n, name in enumerate(categories)],
    }
    (root / "train.json").write_text(json.dumps(content))
    return root


def test_coco_box_is_left_top_width_height_and_classes_are_its_categories(tmp_path: Path):
    data = read_dataset(coco(tmp_path, [{"image_id": 1, "category_id": 10, "bbox": [3, 4, 10, 5]}]))
    assert boxes_of(data, "1") == (Box(label="nucleus", low=(4, 3), high=(9, 13)),)
    assert boxes_of(data, "2") == ()
    assert data.targets["boxes"].classes == CLASSES


def test_coco_crowds_are_left_out_by_name_and_an_unknown_category_is_refused(tmp_path: Path):
    crowd = {"image_id": 1, "category_id": 0, "bbox": [0, 0, 9, 9], "iscrowd": 1}
    data = read_dataset(coco(tmp_path / "a", [crowd, {"image_id": 1, "category_id": 0, "bbox": [1, 1, 3, 3]}]))
    assert len(boxes_of(data, "1")) == 1
    assert next(p.cases for p in data.problems if p.code == "crowds") == ("1",)
    with pytest.raises(InputError, match=r"annotation 0 of train\.json names a category"):
        read_dataset(coco(tmp_path / "b", [{"image_id": 1, "category_id": 7, "bbox": [1, 1, 3, 3]}]))


def coco_file(root: Path, name: str, boxes: dict[str, list[list[float]]], label: str = "cell") -> None:
    """Write a COCO file of one class; boxes are left, top, width, height, by the name of their image."""
    path = root / "annotations" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": n, "file_name": name} for n, name in enumerate(boxes)]
    annotations = [{"image_id": n, "category_id": 1, "bbox": b} for n, some in enumerate(boxes.values()) for b in some]
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": label}]}
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("folders", [("train", "val"), ("images/train2017", "images/val2017")])
def test_coco_images_of_one_name_in_the_folders_of_two_parts_are_two_cases(tmp_path: Path, folders):
    for place, folder in enumerate(folders):
        part = folder.rsplit("/", 1)[-1]
        for n in range(3):
            picture(tmp_path / folder / f"{n:03}.png", 10 * place + n)
        coco_file(tmp_path, f"instances_{part}", {f"{n:03}.png": [[place, 1, 3, 4]] for n in range(3)})
    data = read_dataset(tmp_path)
    sources = {case.id: case.images["image"].path for case in data.cases}
    assert len(set(sources)) == len(set(sources.values())) == 6
    assert all(len(boxes_of(data, i)) == 1 for i in sources)
    assert all(boxes_of(data, i)[0].low == (1, float(folders[1] in path)) for i, path in sources.items())
    assert data.splits is not None
    (fold,) = data.splits.folds
    assert {sources[i].rsplit("/", 1)[0] for i in fold.train} == {folders[0]}
    assert {sources[i].rsplit("/", 1)[0] for i in fold.validation} == {folders[1]}


def test_coco_image_that_two_folders_may_mean_is_refused_by_name(tmp_path: Path):
    for n, folder in enumerate(("a", "b")):
        picture(tmp_path / folder / "1.png", n)
    coco_file(tmp_path, "all", {"1.png": [[1, 1, 3, 4]]})
    with pytest.raises(InputError, match=r"all\.json names 1\.png, and 2 images in different folders"):
        read_dataset(tmp_path)
    coco_file(tmp_path, "all", {"b/1.png": [[1, 1, 3, 4]]})
    assert [c.images["image"].path for c in read_dataset(tmp_path).cases] == ["b/1.png"]


def test_coco_images_named_with_folders_from_elsewhere_are_found_by_the_folders_they_share(tmp_path: Path):
    for n, folder in enumerate(("a", "b")):
        picture(tmp_path / folder / "1.png", n)
    coco_file(tmp_path, "all", {f"/elsewhere/{f}/1.png": [[n, 1, 3, 4]] for n, f in enumerate("abc")})
    data = read_dataset(tmp_path)
    found = {case.images["image"].path: boxes_of(data, case.id)[0].low for case in data.cases}
    assert found == {"a/1.png": (1, 0), "b/1.png": (1, 1)}
    assert "1 images that the annotations name do not exist" in said(data, "unreadable")


def test_coco_image_of_a_part_whose_images_are_absent_is_not_taken_for_another_parts(tmp_path: Path):
    for n in range(2):
        picture(tmp_path / "train" / f"{n}.png", n)
    for part in ("train", "val"):
        coco_file(tmp_path, f"instances_{part}", {f"{n}.png": [[1, 1, 3, 4]] for n in range(2)})
    data = read_dataset(tmp_path)
    assert [case.images["image"].path for case in data.cases] == ["train/0.png", "train/1.png"]
    assert "2 images that the annotations name do not exist" in said(data, "unreadable")


def test_coco_box_that_two_files_hold_counts_once(tmp_path: Path):
    picture(tmp_path / "1.png")
    picture(tmp_path / "2.png", 2)
    coco_file(tmp_path, "all", {"1.png": [[3, 4, 10, 5]], "2.png": []})
    coco_file(tmp_path, "instances_train", {"1.png": [[3, 4, 10, 5]]})
    coco_file(tmp_path, "instances_val", {"2.png": []})
    data = read_dataset(tmp_path)
    assert boxes_of(data, "1") == (Box(label="cell", low=(4, 3), high=(9, 13)),)
    assert data.splits is not None
    assert (data.splits.folds[0].train, data.splits.folds[0].validation) == (("1",), ("2",))
    assert "boxes_differ" not in {p.code for p in data.problems}


def test_coco_files_that_contradict_each_other_stop_training_by_name(tmp_path: Path):
    picture(tmp_path / "1.png")
    picture(tmp_path / "2.png", 2)
    coco_file(tmp_path, "all", {"1.png": [[3, 4, 10, 5]], "2.png": [[1, 1, 2, 2]]})
    coco_file(tmp_path, "more", {"1.png": [[3, 4, 11, 5]], "2.png": [[1, 1, 2, 2]]})
    data = read_dataset(tmp_path)
    assert next(p.cases for p in data.problems if p.code == "boxes_differ") == ("1",)
    with pytest.raises(DatasetError, match="other boxes in one annotation file"):
        check_trainable(data, "boxes")


def test_coco_files_of_one_class_each_are_put_together(tmp_path: Path):
    picture(tmp_path / "1.png")
    for label, box in (("cell", [3, 4, 10, 5]), ("nucleus", [1, 1, 2, 2])):
        coco_file(tmp_path, label, {"1.png": [box]}, label)
    data = read_dataset(tmp_path)
    assert {box.label for box in boxes_of(data, "1")} == set(CLASSES)
    assert "boxes_differ" not in {p.code for p in data.problems}


def test_coco_image_that_two_parts_list_is_held_out_and_named(tmp_path: Path):
    for n in range(3):
        picture(tmp_path / f"images/{n}.png", n)
    coco_file(tmp_path, "train", {"0.png": [], "1.png": []})
    coco_file(tmp_path, "val", {"1.png": [], "2.png": []})
    data = read_dataset(tmp_path)
    assert next(p.cases for p in data.problems if p.code == "listed_twice") == ("1",)
    assert data.splits is not None
    assert (data.splits.folds[0].train, data.splits.folds[0].validation) == (("0",), ("1", "2"))


def table(root: Path, text: str) -> Path:
    for n in range(3):
        picture(root / f"i{n}.png", n)
    (root / "boxes.csv").write_text(text)
    return root


def test_table_has_a_row_a_box_and_a_row_without_corners_is_a_negative(tmp_path: Path):
    rows = "i0.png,3,4,13,9,cell,p1\ni0.png,1,1,2,2,nucleus,p1\ni1.png,,,,,,p2\ni2.png,0,0,5,5,cell,p3\n"
    data = read_dataset(table(tmp_path, f"image,xmin,ymin,xmax,ymax,label,patient\n{rows}"))
    assert data.layout == "boxes_table"
    assert boxes_of(data, "i0") == (
        Box(label="cell", low=(4, 3), high=(9, 13)),
        Box(label="nucleus", low=(1, 1), high=(2, 2)),
    )
    assert boxes_of(data, "i1") == ()
    assert [c.patient for c in data.cases] == ["p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("i0.png,3,four,13,9,cell", "line 2 of boxes.csv has corners that are no numbers"),
        ("i0.png,3,,13,9,cell", "line 2 of boxes.csv has corners that are no numbers"),
        ("i0.png,3,4,13,9,", "line 2 of boxes.csv has a box without a class"),
        (",3,4,13,9,cell", "line 2 of boxes.csv names no image"),
    ],
)
def test_row_that_is_no_box_is_refused_with_its_line(tmp_path: Path, row: str, expected: str):
    with pytest.raises(DatasetError, match=expected):
        read_dataset(table(tmp_path, f"image,xmin,ymin,xmax,ymax,label\n{row}\n"))
