"""The rules of RECIST 1.1, one claim a test."""

import numpy as np
import pytest

from diascope.measures._recist import Candidate, Diameter, Seen, choose_targets, is_measurable, judge


def visit(*diameters: float, sd: float = 0.0, nodes: tuple[float, ...] = (), **more) -> Seen:
    parts = [Diameter(d, sd) for d in diameters] + [Diameter(d, sd, is_node=True) for d in nodes]
    return Seen(tuple(parts), **more)


def responses(*visits: Seen) -> list[str | None]:
    return [j.response for j in judge(visits)]


def test_thirty_percent_less_than_the_first_sum_is_partial_response():
    assert responses(visit(60, 40), visit(42, 28)) == [None, "PR"]
    assert responses(visit(60, 40), visit(42, 28.1)) == [None, "SD"]


def test_twenty_percent_more_is_progression():
    assert responses(visit(50), visit(60)) == [None, "PD"]
    assert responses(visit(50), visit(59.9)) == [None, "SD"]


def test_progression_needs_five_millimetres():
    assert responses(visit(12), visit(16.9)) == [None, "SD"]
    assert responses(visit(12), visit(17)) == [None, "PD"]


def test_smallest_sum_is_the_reference_for_progression():
    assert responses(visit(100), visit(50), visit(61)) == [None, "PR", "PD"]
    judged = judge([visit(100), visit(50), visit(61)])[2]
    assert judged.from_first_percent == pytest.approx(-39)
    assert judged.from_smallest_percent == pytest.approx(22)
    assert judged.from_smallest_mm == pytest.approx(11)


def test_response_holds_its_reference_while_the_sum_falls():
    assert responses(visit(100), visit(69), visit(75)) == [None, "PR", "SD"]


def test_lesions_that_are_gone_are_complete_response():
    assert responses(visit(30, 20), visit()) == [None, "CR"]


def test_other_lesions_that_remain_make_it_partial():
    assert responses(visit(30, others="non-CR/non-PD"), visit(others="non-CR/non-PD")) == [None, "PR"]
    assert responses(visit(30, others="non-CR/non-PD"), visit(others="CR")) == [None, "CR"]


def test_node_below_ten_millimetres_is_complete_response_with_a_sum_above_0():
    first, later = judge([visit(30, nodes=(20.0,)), visit(nodes=(9.0,))])
    assert later.response == "CR"
    assert later.sum_mm == 9
    assert first.sum_mm == 50
    assert responses(visit(30, nodes=(20.0,)), visit(nodes=(10.0,))) == [None, "PR"]


def test_new_lesion_is_progression_whatever_the_sum_does():
    assert responses(visit(50), visit(10, has_new=True)) == [None, "PD"]
    assert judge([visit(50, sd=1), visit(10, sd=1, has_new=True)])[1].probability == {"PD": 1.0}


def test_reappearing_lesion_is_progression_after_complete_response_only():
    assert responses(visit(50), visit(), visit(4, has_reappeared=True)) == [None, "CR", "PD"]
    assert responses(visit(50, 50), visit(40), visit(40, 3, has_reappeared=True)) == [None, "PR", "PR"]


def test_lesion_that_could_not_be_looked_for_leaves_it_open():
    judged = judge([visit(30, 30), visit(10, is_complete=False)])[1]
    assert judged.response == "NE"
    assert np.isnan(judged.sum_mm)
    assert responses(visit(30, 30), visit(73, is_complete=False)) == [None, "PD"]


def test_incomplete_sum_is_no_smallest_sum():
    assert responses(visit(30, 30), visit(10, is_complete=False), visit(62)) == [None, "NE", "SD"]


def test_without_measurable_disease_the_others_decide():
    some = visit(others="non-CR/non-PD")
    assert responses(some, some, visit(others="CR"), visit(others="CR", has_new=True)) == [
        None,
        "non-CR/non-PD",
        "CR",
        "PD",
    ]


def test_no_lesion_at_all_is_no_disease_until_one_is_new():
    assert responses(visit(), visit(), visit(has_new=True)) == [None, "no disease", "PD"]


def test_probability_is_a_half_on_the_border_and_one_far_from_it():
    border = judge([visit(100, sd=0), visit(70, sd=3)])[1]
    assert border.probability["PR"] == pytest.approx(0.5, abs=0.02)
    assert border.probability["SD"] == pytest.approx(0.5, abs=0.02)
    assert judge([visit(100, sd=3), visit(30, sd=1)])[1].probability == {"PR": 1.0}


def test_probability_is_that_of_the_normal_distribution():
    from scipy.stats import norm

    judged = judge([visit(100, sd=0), visit(74, sd=4)])[1]
    assert judged.response == "SD"
    assert judged.probability["PR"] == pytest.approx(norm.cdf(-1), abs=0.01)
    assert judged.sum_sd_mm == 4


def test_five_targets_in_all_and_two_of_an_organ():
    lung = [Candidate(40 - n, 10, organ="lung") for n in range(4)]
    unknown = [Candidate(30 - n, 10) for n in range(4)]
    assert choose_targets([*lung, *unknown]) == [0, 1, 4, 5, 6]


def test_small_lesions_and_nodes_are_not_followed():
    assert not is_measurable(Candidate(9.9, 9))
    assert is_measurable(Candidate(10, 5))
    assert not is_measurable(Candidate(30, 14.9, is_node=True))
    assert is_measurable(Candidate(30, 15, is_node=True))
    assert not is_measurable(Candidate(12, 9), slice_mm=8)
    assert choose_targets([Candidate(9, 8), Candidate(12, 14, is_node=True)]) == []
