"""Lesions are followed by overlap and distance: kept, new, gone, merged, split, back, out of view."""

from pathlib import Path

import numpy as np
import pytest
from made_visits import write_one

from diascope.change.reading import Wish
from diascope.change.stage import measure_change
from diascope.core.documents.change import PatientChange
from diascope.curate import read_dataset


def follow(folder: Path, *visits: list[tuple[int, int, int, int]], **more) -> PatientChange:
    wish = {name: more.pop(name) for name in ("diameter_error", "volume_error", "nodes") if name in more}
    data = write_one(folder, visits, **more)
    return measure_change(read_dataset(data), Wish(alignment="identity", **wish), draw=False).change.patients[0]


def states(patient: PatientChange) -> dict[str, list[str]]:
    return {lesion.name: [v.state for v in lesion.visits] for lesion in patient.lesions}


BIG, OTHER = (4, 4, 4, 8), (30, 24, 8, 7)


def test_lesion_that_shares_voxels_is_kept(tmp_path: Path):
    found = follow(tmp_path, [BIG, OTHER], [(6, 5, 5, 9), OTHER])
    assert states(found) == {"L1": ["first", "kept"], "L2": ["first", "kept"]}
    volume = found.lesions[0].visits[1].volume_change_percent
    assert volume.value == pytest.approx(100 * (9**3 / 8**3 - 1))
    assert volume.low < volume.value < volume.high


def test_lesion_that_is_near_is_kept_and_one_that_is_far_is_not(tmp_path: Path):
    near, far = (4, 4, 4, 4), (30, 24, 8, 4)
    found = follow(tmp_path, [near, far], [(9, 4, 4, 4), (30, 34, 8, 4)])
    assert states(found) == {"L1": ["first", "kept"], "L2": ["first", "gone"], "L3": ["new"]}
    assert found.lesions[0].visits[1].overlap == 0


def test_lesions_that_grow_together_have_merged(tmp_path: Path):
    found = follow(tmp_path, [(4, 4, 4, 6), (12, 4, 4, 6)], [(4, 4, 4, 14)])
    assert states(found) == {"L1": ["first", "merged"], "L2": ["first", "merged"]}
    merged = found.lesions[0].visits[1]
    assert merged.together_with == ("L2",)
    assert merged.volume_change_percent.value == pytest.approx(100 * (14**3 / (2 * 6**3) - 1))
    assert found.visits[1].volume_ml.value == pytest.approx(14**3 * 0.008)
    assert found.visits[1].sum_mm.value == pytest.approx(merged.long_mm)


def test_parts_of_a_lesion_that_has_split_are_added(tmp_path: Path):
    found = follow(tmp_path, [(4, 4, 4, 14)], [(4, 4, 4, 6), (12, 12, 12, 6)])
    assert states(found) == {"L1": ["first", "split"]}
    split = found.lesions[0].visits[1]
    assert split.parts == 2
    assert split.volume_ml.value == pytest.approx(2 * 6**3 * 0.008)
    assert split.recist_mm == pytest.approx(2 * split.long_mm)


def test_split_lesion_stays_one_lesion(tmp_path: Path):
    found = follow(tmp_path, [(4, 4, 4, 14)], [(4, 4, 4, 6), (12, 12, 12, 6)], [(4, 4, 4, 6), (12, 12, 12, 6)])
    assert states(found) == {"L1": ["first", "split", "kept"]}


def test_lesion_that_comes_back_is_known_again(tmp_path: Path):
    found = follow(tmp_path, [BIG, OTHER], [OTHER], [BIG, OTHER])
    assert states(found)["L1"] == ["first", "gone", "back"]
    assert [v.response for v in found.visits] == [None, "PR", "PD"]


def test_empty_mask_is_complete_response_and_said(tmp_path: Path):
    found = follow(tmp_path, [BIG, OTHER], [])
    assert found.visits[1].response == "CR"
    assert found.visits[1].sum_mm.value == 0
    assert found.lesions[0].visits[1].volume_change_percent.value == -100
    assert "the mask is empty" in found.visits[1].notes[0]


def test_small_new_lesion_is_equivocal_until_it_has_grown(tmp_path: Path):
    found = follow(tmp_path, [BIG], [BIG, (40, 30, 18, 1)], [BIG, (39, 29, 17, 4)])
    assert states(found)["L2"] == ["equivocal", "kept"]
    assert [v.response for v in found.visits] == [None, "SD", "PD"]
    assert "too small to be sure of" in " ".join(found.visits[1].notes)
    assert [v.new for v in found.visits] == [(), (), ("L2",)]


def test_lesion_outside_of_the_later_image_is_not_gone(tmp_path: Path):
    data = write_one(tmp_path, [[BIG, OTHER], [BIG, OTHER]])
    import nibabel

    for name in ("a_1.nii.gz", "a_1_mask.nii.gz"):
        image = nibabel.Nifti1Image.load(tmp_path / name)
        cut = np.asarray(image.dataobj)[:26]
        nibabel.save(nibabel.Nifti1Image(cut, image.affine), tmp_path / name)
    found = measure_change(read_dataset(data), Wish(alignment="identity"), draw=False).change.patients[0]
    assert states(found) == {"L1": ["first", "kept"], "L2": ["first", "not shown"]}
    assert found.visits[1].response == "NE"
    assert found.visits[1].sum_mm.value is None
    assert found.visits[1].volume_change_percent.value is None
    assert found.lesions[1].visits[1].volume_ml.value is None
    assert "does not reach every known lesion" in " ".join(found.visits[1].notes)


def test_no_lesion_at_the_first_visit_and_one_later_is_progression(tmp_path: Path):
    found = follow(tmp_path, [], [], [BIG])
    assert [v.response for v in found.visits] == [None, "no disease", "PD"]
    assert found.visits[2].volume_change_percent.value is None
    assert found.visits[0].sum_mm.value is None


def test_interval_of_a_volume_change_holds_what_it_states():
    from diascope.change.numbers import change_of

    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        before, after = rng.normal(10, 0.93), rng.normal(13, 1.2)
        found = change_of((before, 0.093 * before), (after, 0.093 * after))
        hits += found.low <= 30 <= found.high
    assert 0.93 < hits / 2000 < 0.97
