"""A lymph node is judged by its short axis at each visit: below 10 mm it is normal, and from there it counts."""

from pathlib import Path

import pytest
from made_visits import write_one

from diascope.change.page import describe_response
from diascope.change.reading import Wish
from diascope.change.stage import measure_change
from diascope.core.documents.change import PatientChange
from diascope.curate import read_dataset

PLACE = (4, 4, 4)
FAR = (30, 24, 4)
NORMAL, BETWEEN, LARGE = 5, 9, 17
"""Edges in voxels of 1 mm of boxes whose short axes are about 7, 12 and 24 mm."""


def follow(folder: Path, *visits: list[tuple[int, int, int, int]]) -> PatientChange:
    data = write_one(folder, visits, spacing=1.0)
    wish = Wish(alignment="identity", nodes=("foreground",))
    return measure_change(read_dataset(data), wish, draw=False).change.patients[0]


def node(edge: int, place: tuple[int, int, int] = PLACE) -> tuple[int, int, int, int]:
    return (*place, edge)


def responses(patient: PatientChange) -> list[str | None]:
    return [visit.response for visit in patient.visits]


def told(patient: PatientChange, visit: int) -> str:
    return " ".join(patient.visits[visit].notes)


def test_boxes_have_the_short_axes_that_the_tests_are_about(tmp_path: Path):
    found = follow(tmp_path, [node(NORMAL)], [node(BETWEEN)], [node(LARGE)])
    short = [visit.short_mm or 0.0 for visit in found.lesions[0].visits]
    assert 5 < short[0] < 10 < short[1] < 15 < short[2]


def test_new_node_of_normal_size_is_no_progression_and_named(tmp_path: Path):
    found = follow(tmp_path, [node(LARGE)], [node(LARGE), node(NORMAL, FAR)])
    assert responses(found) == [None, "SD"]
    assert found.visits[1].new == ()
    assert found.lesions[1].visits[0].state == "equivocal"
    assert "L2 would be new, but is a lymph node of normal size" in told(found, 1)


def test_new_node_from_ten_millimetres_is_progression_with_a_caution_below_fifteen(tmp_path: Path):
    found = follow(tmp_path, [node(LARGE)], [node(LARGE), node(BETWEEN, FAR)])
    assert responses(found) == [None, "PD"]
    assert found.visits[1].new == ("L2",)
    assert "below 15 mm" in told(found, 1)


@pytest.mark.parametrize(("edge", "is_cautious"), [(BETWEEN, True), (LARGE, False)])
def test_node_that_was_normal_at_the_first_visit_and_grows_is_new(edge: int, is_cautious: bool, tmp_path: Path):
    found = follow(tmp_path, [node(NORMAL)], [node(edge)])
    assert responses(found) == [None, "PD"]
    assert found.visits[1].new == ("L1",)
    assert "L1 is a lymph node that was of normal size" in told(found, 1)
    assert ("below 15 mm" in told(found, 1)) == is_cautious


def test_node_that_came_normal_is_new_once_it_has_grown_and_progression_stays(tmp_path: Path):
    found = follow(tmp_path, [], [node(NORMAL)], [node(LARGE)], [node(NORMAL)])
    assert responses(found) == [None, "no disease", "PD", "PD"]
    assert [visit.new for visit in found.visits] == [(), (), ("L1",), ()]


def test_patient_with_normal_nodes_only_has_no_disease_and_is_not_told_to_have_no_lesion(tmp_path: Path):
    found = follow(tmp_path, [node(NORMAL)], [node(NORMAL)])
    assert responses(found) == [None, "no disease"]
    assert "no lesion at any visit" not in describe_response(found.visits[1])


def test_normal_node_that_has_merged_with_a_followed_one_is_measured_with_it_and_not_new(tmp_path: Path):
    beside = (4 + LARGE + 2, 4, 4)
    found = follow(tmp_path, [node(LARGE), node(NORMAL, beside)], [(4, 4, 4, LARGE + 3), node(NORMAL, beside)])
    assert found.lesions[1].visits[1].state == "merged"
    assert found.visits[1].new == ()
    assert found.visits[1].target == found.visits[1].response
    assert "L2 is a lymph node of normal size" in told(found, 0)
    assert "L2" not in told(found, 1)


def test_normal_node_that_comes_back_normal_is_no_progression_after_complete_response(tmp_path: Path):
    found = follow(tmp_path, [node(LARGE), node(NORMAL, FAR)], [], [node(NORMAL, FAR)])
    assert responses(found) == [None, "CR", "CR"]


def test_followed_node_that_becomes_abnormal_again_after_complete_response_has_reappeared(tmp_path: Path):
    found = follow(tmp_path, [node(LARGE)], [node(NORMAL)], [node(BETWEEN)])
    assert responses(found) == [None, "CR", "PD"]
    assert "L1 was of normal size or gone at the visit before" in told(found, 2)


def test_others_are_gone_where_only_a_node_is_left_that_was_normal_at_first(tmp_path: Path):
    found = follow(tmp_path, [node(BETWEEN), node(NORMAL, FAR)], [node(NORMAL, FAR)])
    assert [visit.others for visit in found.visits] == ["non-CR/non-PD", "CR"]
    assert responses(found) == [None, "CR"]
