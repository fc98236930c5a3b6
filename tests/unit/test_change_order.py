"""Visits are put in the order of time, or refused."""

import pytest

from diascope.change.order import order_visits
from diascope.core.documents.dataset import Case


def cases(*visits: str | None, patient: str | None = "p") -> list[Case]:
    return [Case(id=f"c{n}", images={}, patient=patient, visit=v) for n, v in enumerate(visits)]


def ids(*visits: str | None) -> list[str]:
    found, refused = order_visits(cases(*visits))
    assert not refused
    return [c.id for c in found[0].cases]


@pytest.mark.parametrize(
    "visits",
    [
        ("2024-05-01", "2024-01-31", "2023-12-01"),
        ("20240501", "20240131", "20231201"),
        ("10", "9", "1"),
        ("1", "0", "-2"),
        ("week 12", "week 2", "week 0"),
        ("V10", "V2", "V1"),
        ("follow-up 2", "follow-up 1", "baseline"),
        ("12 weeks", "6 weeks", "Baseline"),
        ("day 1", "day -7", "day -14"),
        ("week2", "week0", "week-2"),
        ("week 2", "week 0", "week-2"),
        ("day +7", "day 0", "day -7"),
        ("day+7", "day+1", "day-7"),
        ("day_1", "day_-1", "day_-2"),
        ("2 weeks", "-1 weeks", "-2 weeks"),
        ("-1 weeks", "-2 weeks", "-3 weeks"),
        ("day 1", "day - 1", "day - 2"),
        ("day \u22121", "day \u22127", "day \u221214"),
        ("day-14", "day-7", "day-1"),
        ("day - 14", "day - 7", "day - 1"),
        ("day\u201314", "day\u20137", "day\u20131"),
        ("V-3", "V-2", "baseline"),
        ("day -14", "day -7", "day -0"),
    ],
)
def test_visits_are_sorted_by_time_and_that_is_said(visits):
    assert ids(*visits) == ["c2", "c1", "c0"]
    assert "not listed in the order" in order_visits(cases(*visits))[0][0].notes[0]


def test_days_are_counted_and_dates_do_not_become_names():
    found, _ = order_visits(cases("2024-01-01", "2024-03-01"))
    assert found[0].days == (0, 60)
    assert found[0].labels == ("visit 1", "visit 2")
    assert found[0].notes == ()
    assert order_visits(cases("baseline", "1"))[0][0].days is None


@pytest.mark.parametrize(
    ("visits", "words"),
    [
        (("2024-01-01", None), "c1 is not given"),
        (("2024-01-01", "2"), "neither all dates"),
        (("early", "late"), "neither all dates"),
        (("week 1", "day 9"), "neither all dates"),
        (("baseline", "screening"), "neither all dates"),
        (("2024-02-30", "2024-03-01"), "neither all dates"),
        (("1", "2", "2"), "c1, c2 are called the same visit"),
        (("baseline", "-1"), "the dash before the number of c1 may be a minus sign"),
        (("1",), "change needs two"),
        (("day -7", "day -14"), "the dash before the number of c0, c1 may be a minus sign"),
        (("day-7", "day -14"), "the dash before the number of c0, c1 may be a minus sign"),
        (("day-1", "day--1"), "the dash before the number of c0, c1 may be a minus sign"),
        (("V-3", "V 2"), "the dash before the number of c0 may be a minus sign"),
        (("baseline", "day -7", "day 7"), "the dash before the number of c1 may be a minus sign"),
        (("day -7", "day -14"), "give all of this patient's visits as dates or plain numbers"),
    ],
)
def test_unknown_order_is_refused_for_the_whole_patient(visits, words):
    found, refused = order_visits(cases(*visits))
    assert not found
    assert set(refused) == {f"c{n}" for n in range(len(visits))}
    assert all(words in why for why in refused.values())
    assert not any("2024" in why.replace("(2024-03-01)", "") for why in refused.values())


def test_case_without_patient_is_refused():
    found, refused = order_visits([*cases("1", "2"), Case(id="x", images={})])
    assert len(found) == 1
    assert "names no patient" in refused["x"]


def test_dash_that_is_read_as_a_minus_sign_is_told_and_one_that_only_separates_is_not():
    signed, _ = order_visits(cases("day -7", "day 1"))
    assert signed[0].notes == ("the dash before the number of c0 is read as a minus sign, as not all visits have one",)
    assert order_visits(cases("day-7", "day-14"))[0][0].notes == ()
    assert order_visits(cases("-7", "1"))[0][0].notes == ()
