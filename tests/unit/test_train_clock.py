"""The schedule keeps the budget with at most one cut."""

import math
from itertools import pairwise

import pytest

from diascope.train.clock import CUT_FROM, Clock, learning_rate_share


def _run(clock: Clock, seconds_of, start: float = 0.0) -> tuple[float, int]:
    """Play steps on a made-up clock; return the time at the end and the steps done."""
    now, step = start, 0
    while step < clock.end:
        seconds = seconds_of(step)
        now += seconds
        step += 1
        clock.tick(step, seconds, now)
    return now, step


def test_steady_machine_is_not_cut():
    clock = Clock(100, deadline=101.0, started=0.0)
    assert _run(clock, lambda step: 1.0) == (100.0, 100)
    assert clock.cut is None


def test_slower_machine_is_cut_once_and_ends_in_time():
    clock = Clock(100, deadline=100.0, started=0.0)
    end, steps = _run(clock, lambda step: 1.0 if step < 40 else 1.7)
    assert clock.cut is not None
    assert clock.cut[1] == steps < 100
    assert 95 < end <= 101


def test_cut_waits_for_most_of_the_time():
    clock = Clock(100, deadline=100.0, started=0.0)
    _run(clock, lambda step: 3.0)
    assert clock.cut is not None
    assert clock.cut[0] * 3.0 >= CUT_FROM * 100


def test_recorded_schedule_is_never_cut():
    clock = Clock(50, math.inf)
    _run(clock, lambda step: 1e6)
    assert clock.cut is None


def test_share_goes_from_0_to_1_through_a_cut():
    clock = Clock(100, cut=(60, 80))
    shares = [clock.share(step) for step in range(81)]
    assert shares[0] == 0
    assert shares[60] == pytest.approx(0.6)
    assert shares[80] == pytest.approx(1.0)
    assert all(a < b for a, b in pairwise(shares))


def test_learning_rate_rises_then_falls_to_zero():
    values = [learning_rate_share(i / 100, 0.1) for i in range(101)]
    assert 0 < values[0] < 0.1
    assert max(values) > 0.9
    assert values[-1] == pytest.approx(0, abs=1e-9)
