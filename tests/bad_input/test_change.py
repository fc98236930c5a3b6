"""What is wrong with visits is said by name, and no number is made up for it."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_data import write_nifti, write_png, write_table
from made_visits import write_boxes, write_one

from diascope.cli.app import main

BIG, OTHER = (4, 4, 4, 8), (30, 24, 8, 7)


def run(data: Path, out: Path, *more: str) -> int:
    return main(["change", str(data), "--out", str(out), "--alignment", "identity", "--json", *more])


def content(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_one_visit_only_is_refused_by_name_and_the_rest_is_done(tmp_path: Path, capsys):
    rows = write_boxes(tmp_path, [[BIG], [BIG]]) + write_boxes(tmp_path, [[OTHER]], patient="bb")
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 3
    told = content(capsys)
    assert told["refused"] == {"bb_0": "its patient has this visit only; change needs two"}
    assert len(told["patients"]) == 1


def test_nobody_with_two_visits_is_bad_input(tmp_path: Path, capsys):
    assert run(write_one(tmp_path, [[BIG]]), tmp_path / "out") == 2
    assert "no patient can be compared over time" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_patients_are_told(tmp_path: Path, capsys):
    rows = [{k: v for k, v in row.items() if k != "patient"} for row in write_boxes(tmp_path, [[BIG], [BIG]])]
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "names no patient" in told
    assert "give each case its patient and visit" in told


def test_missing_visit_is_refused_as_the_order_is_not_known(tmp_path: Path, capsys):
    rows = write_boxes(tmp_path, [[BIG], [BIG], [BIG]], names=["2024-01-01", "2024-02-01", ""])
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "the visit of a_2 is not given" in told
    assert "2024-02" not in told


def test_visits_out_of_order_are_sorted_and_that_is_said(tmp_path: Path, capsys):
    data = write_one(tmp_path, [[BIG], [OTHER, BIG]], names=["2024-05-01", "2024-02-01"])
    assert run(data, tmp_path / "out") == 0
    patient = content(capsys)["patients"][0]
    assert [v["case"] for v in patient["visits"]] == ["a_1", "a_0"]
    assert [v["day"] for v in patient["visits"]] == [0, 90]
    assert any("not listed in the order of time" in note for note in patient["notes"])


def test_missing_mask_is_no_empty_mask(tmp_path: Path, capsys):
    rows = write_boxes(tmp_path, [[BIG], [BIG], [BIG]])
    rows[1]["mask"] = ""
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 3
    told = content(capsys)
    assert "not the same as none being left" in told["refused"]["a_1"]
    assert [v["case"] for v in told["patients"][0]["visits"]] == ["a_0", "a_2"]
    assert any("a_1 could not be used" in note for note in told["patients"][0]["notes"])


def test_empty_mask_is_complete_response_and_said(tmp_path: Path, capsys):
    assert run(write_one(tmp_path, [[BIG], []]), tmp_path / "out") == 0
    visit = content(capsys)["patients"][0]["visits"][1]
    assert visit["response"] == "CR"
    assert "the mask is empty: no lesion is left at this visit" in visit["notes"]


def test_other_spacing_is_measured_on_its_own_grid_and_said(tmp_path: Path, capsys):
    data = write_one(tmp_path, [[(4, 4, 4, 6)], [(2, 2, 2, 3)]], spacing=[2.0, 4.0])
    assert run(data, tmp_path / "out") == 0
    visit = content(capsys)["patients"][0]["visits"][1]
    assert visit["volume_change_percent"]["value"] == pytest.approx(0)
    assert any("its voxels are 4 x 4 x 4 mm" in note for note in visit["notes"])


def test_missing_package_is_told_before_any_work(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    data = write_one(tmp_path, [[BIG], [BIG]])
    assert main(["change", str(data), "--out", str(tmp_path / "out")]) == 2
    assert "pip install 'diascope[registration]'" in capsys.readouterr().err
    assert run(data, tmp_path / "out") == 0


def test_pictures_are_refused(tmp_path: Path, capsys):
    rows = []
    for n in range(2):
        write_png(tmp_path / f"p_{n}.png", np.random.default_rng(n).integers(1, 255, (16, 18)).astype(np.uint8))
        write_png(tmp_path / f"p_{n}_mask.png", np.pad(np.ones((6, 6), np.uint8), ((5, 5), (6, 6))))
        rows.append({"patient": "a", "visit": n, "image": f"p_{n}.png", "mask": f"p_{n}_mask.png"})
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 2
    assert "change is measured in volumes" in capsys.readouterr().err


def test_data_without_masks_are_refused(tmp_path: Path, capsys):
    rows = [{k: v for k, v in row.items() if k != "mask"} for row in write_boxes(tmp_path, [[BIG], [BIG]])]
    assert run(write_table(tmp_path / "visits.csv", rows), tmp_path / "out") == 2
    assert "no mask of lesions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--target", "nothing"), "no mask has this name"),
        (("--lesions", "liver"), "there is no class 'liver'"),
        (("--organs", "organs"), "no mask has this name"),
        (("--diameter-error", "much"), "is no share"),
        (("--volume-error", "120%"), "is no share"),
    ],
)
def test_unknown_choice_is_refused(option: tuple[str, str], words: str, tmp_path: Path, capsys):
    assert run(write_one(tmp_path, [[BIG], [BIG]]), tmp_path / "out", *option) == 2
    assert words in capsys.readouterr().err


def test_mask_of_several_classes_without_a_lesions_name_asks_for_it(tmp_path: Path, capsys):
    from diascope.curate import read_dataset, save_dataset

    data = write_one(tmp_path, [[BIG], [BIG]])
    for n in range(2):
        mask = np.zeros((48, 40, 24), np.uint8)
        mask[4:12, 4:12, 4:12], mask[20:40, 10:30, 4:20] = 1, 2
        write_nifti(tmp_path / f"a_{n}_mask.nii.gz", mask, np.diag([2.0, 2.0, 2.0, 1.0]))
    found = read_dataset(data)
    target = found.targets["mask"].model_copy(update={"classes": ("background", "thing", "liver")})
    save_dataset(found.model_copy(update={"targets": {"mask": target}}), tmp_path / "dataset.yaml")
    assert run(tmp_path / "dataset.yaml", tmp_path / "out") == 2
    assert "none is named like a lesion" in capsys.readouterr().err
    assert run(tmp_path / "dataset.yaml", tmp_path / "out", "--lesions", "thing") == 0
    lesion = content(capsys)["patients"][0]["lesions"][0]
    assert (lesion["class_"], lesion["organ"]) == ("thing", None)
