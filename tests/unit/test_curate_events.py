"""Times and events are found among a table's columns, units in their names, and grades put in order."""

import pytest

from diascope.core.documents.dataset import Event, Target
from diascope.core.errors import DatasetError
from diascope.core.families import KINDS
from diascope.core.targets.grade import ordered_grades
from diascope.curate.columns import unit_of
from diascope.curate.events import EventColumns, choose_horizons, event_target, find_event_columns

TIMES, YES_NO = ["3", "12.5", "40", "7"], ["1", "0", "1", "0"]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"time": TIMES, "event": YES_NO}, ("time", "event", False)),
        (
            {"os_months": TIMES, "OS_Status": ["1:DECEASED", "0:LIVING", "1:DECEASED", ""]},
            ("os_months", "OS_Status", False),
        ),
        ({"Survival Time": TIMES, "death": ["yes", "no", "no", "yes"]}, ("Survival Time", "death", False)),
        (
            {"days_to_death": TIMES, "vital_status": ["Dead", "Alive", "Alive", "Dead"]},
            ("days_to_death", "vital_status", False),
        ),
        ({"follow_up_years": TIMES, "censored": YES_NO}, ("follow_up_years", "censored", True)),
        ({"os_days": TIMES, "os_event": YES_NO, "pfs_days": TIMES, "pfs_event": YES_NO}, None),
        ({"os_days": TIMES, "os_event": YES_NO, "time": TIMES}, ("os_days", "os_event", False)),
        ({"time": TIMES, "event": ["1", "2", "3", "1"]}, None),
        ({"time": ["a", "b", "c", "d"], "event": YES_NO}, None),
        ({"time": TIMES, "label": YES_NO}, None),
    ],
)
def test_columns_of_times_and_events_are_found_by_name_and_cells(columns, found):
    assert find_event_columns(columns) == (None if found is None else EventColumns(*found))


@pytest.mark.parametrize(
    ("column", "unit"),
    [("os_months", "months"), ("days_to_death", "days"), ("Survival.Days", "days"), ("years", "years"), ("time", None)],
)
def test_unit_of_time_is_in_the_columns_name(column, unit):
    target, _ = event_target(TIMES, YES_NO, EventColumns(column, "event"))
    assert target.unit == unit


def test_case_without_time_or_event_has_no_answer_and_a_negative_time_is_kept_for_the_check():
    target, values = event_target(["3", "", "-1", "5"], ["1", "1", "0", "n/a"], EventColumns("time", "event"))
    assert values == [Event(time=3, event=True), None, Event(time=-1, event=False), None]
    assert KINDS.load("event").check(target, values[2]) == ["a time of -1 is no follow-up: expected 0 or more"]


def test_censored_column_says_the_opposite_of_an_event():
    _, values = event_target(["3", "4"], ["1", "0"], EventColumns("time", "censored", inverted=True))
    assert [v.event for v in values] == [False, True]


def test_horizons_rise_and_none_is_told_without_an_event():
    assert choose_horizons([]) == ()
    assert choose_horizons([5.0]) == (5.0,)
    assert list(choose_horizons([0.5, 3, 3, 800])) == sorted(set(choose_horizons([0.5, 3, 3, 800])))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("age_years", "years"),
        ("volume_ml", "ml"),
        ("lvef_percent", "%"),
        ("size mm", "mm"),
        ("age", None),
        ("forms", None),
    ],
)
def test_unit_of_a_number_is_in_the_columns_name(name, unit):
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["10", "2", "0", "1", "4", "3", "6", "8"], ["0", "1", "2", "3", "4", "6", "8", "10"]),
        (["IV", "I", "III", "II"], ["I", "II", "III", "IV"]),
        (["severe", "none", "moderate", "mild"], ["none", "mild", "moderate", "severe"]),
        (["G3", "G1", "G2"], ["G1", "G2", "G3"]),
        (["stage 2", "stage 1"], ["stage 1", "stage 2"]),
    ],
)
def test_grades_are_put_in_the_order_that_their_names_have(names, order):
    assert list(ordered_grades(names)) == order


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["benign", "malignant"], "order of the grades"),
        (["mild", "low"], "order of the grades"),
        (["0", "1", "9"], "between 1 and 9"),
    ],
)
def test_order_that_is_not_known_is_refused_and_what_to_write_is_said(names, says):
    with pytest.raises(DatasetError, match=says) as told:
        ordered_grades(names)
    assert "dataset.yaml" in told.value.fix


def test_grade_outside_its_scale_is_named_with_the_scale():
    target = Target(kind="grade", classes=("0", "1", "2"))
    assert KINDS.load("grade").check(target, "4") == ["grade '4' is outside the scale 0 < 1 < 2"]


def test_grade_says_which_steps_of_the_scale_it_reaches():
    target = Target(kind="grade", classes=("I", "II", "III"))
    encoded = [KINDS.load("grade").encode(target, name).tolist() for name in target.classes]
    assert encoded == [[0, 0], [1, 0], [1, 1]]
