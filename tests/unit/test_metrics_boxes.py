"""Sensitivities of boxes at a rate of false findings: a number of scores, whatever the order of the cases."""

from itertools import permutations

import numpy as np
import pytest

from diascope.core.ports.metric import BoxScores
from diascope.metrics._boxes import curve, sensitivity_at


def scores_of(score: list[float], found: list[bool], cases: int = 4) -> BoxScores:
    """Return boxes of one class, the first in the first case; every case has a reference box in it."""
    count, hit = len(score), np.array(found, bool)
    return BoxScores(
        classes=1,
        thresholds=np.array([0.5]),
        case=np.arange(count) % cases,
        label=np.zeros(count, np.intp),
        score=np.array(score, float),
        hit=hit[:, None],
        found=hit,
        references=np.ones((cases, 1)),
        reference_case=np.arange(cases),
        reference_label=np.zeros(cases, np.intp),
        reference_edge=np.ones(cases),
        reference_score=np.full(cases, np.nan),
        counts=np.zeros((cases, 1)),
        cut=np.zeros((cases, 1)),
        weight=np.ones(cases),
    )


@pytest.mark.parametrize(("wrong", "expected"), [(2, 0.0), (1, 0.75)])
def test_boxes_of_one_score_count_together_or_not_at_all_in_every_order(wrong, expected):
    orders = set(permutations([n >= wrong for n in range(4)]))
    values = {float(sensitivity_at(scores_of([1.0] * 4, list(order)), 0, (0.25,))[0]) for order in orders}
    assert values == {expected}


def test_curve_has_a_point_for_each_score_and_ends_where_all_boxes_count():
    scores = scores_of([0.9, 0.5, 0.5, 0.1], [True, False, True, True])
    found = curve(scores, 0, scores.found)
    assert found.recall.tolist() == [0.25, 0.5, 0.75]
    assert found.wrong.tolist() == [0, 1, 1]
    assert found.precision == pytest.approx([1, 2 / 3, 3 / 4])
    assert sensitivity_at(scores, 0, (0.0, 0.25)).tolist() == [0.25, 0.75]


def test_no_box_at_all_finds_nothing():
    assert sensitivity_at(scores_of([], []), 0, (0.25, 8.0)).tolist() == [0.0, 0.0]
    assert curve(scores_of([], []), 0, np.zeros(0, bool)).recall.size == 0
