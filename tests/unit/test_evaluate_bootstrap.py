"""Resampling: whole patients, seeded, paired."""

import numpy as np
import pytest

from diascope.evaluate.bootstrap import compute_intervals, draw_resamples, group_rows, measure_all, subtract


def mean_of(values):
    return lambda index: {"mean": (float(values[index].mean()), None)}


def test_cases_of_one_patient_are_drawn_together():
    units, are_patients = group_rows(["a", "b", "a", "c"])
    assert are_patients
    for index in draw_resamples(units, 50, np.random.default_rng(0)):
        assert (index == 0).sum() == (index == 2).sum()


def test_without_any_patient_cases_are_drawn():
    units, are_patients = group_rows([None] * 5)
    assert not are_patients
    assert [rows.tolist() for rows in units] == [[0], [1], [2], [3], [4]]


def test_case_without_a_patient_among_patients_is_a_patient_of_its_own():
    units, are_patients = group_rows(["a", None, "a", None])
    assert are_patients
    assert [rows.tolist() for rows in units] == [[0, 2], [1], [3]]


def test_same_seed_draws_the_same():
    units, _ = group_rows([None] * 9)
    first, second = (draw_resamples(units, 3, np.random.default_rng(4)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(size=400)
    units, _ = group_rows([None] * 400)
    resampled = measure_all(mean_of(values), draw_resamples(units, 1000, np.random.default_rng(1)))
    low, high = compute_intervals({"mean": (values.mean(), None)}, resampled)["mean"].ci95
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_repeated_cases_of_one_patient_widen_the_interval():
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=40), 5)
    widths = []
    for patients in ([None] * 200, [str(i // 5) for i in range(200)]):
        resampled = measure_all(mean_of(values), draw_resamples(group_rows(patients)[0], 500, rng))
        low, high = compute_intervals({"mean": (values.mean(), None)}, resampled)["mean"].ci95
        widths.append(high - low)
    assert widths[1] > 1.8 * widths[0]


def test_difference_is_paired():
    model, baseline = np.arange(10.0), np.arange(10.0) - 1
    resamples = draw_resamples(group_rows([None] * 10)[0], 100, np.random.default_rng(0))
    pairs = zip(measure_all(mean_of(model), resamples), measure_all(mean_of(baseline), resamples), strict=True)
    found = compute_intervals({"mean": (1.0, None)}, [subtract(a, b) for a, b in pairs])["mean"]
    assert found.ci95 == pytest.approx((1.0, 1.0))


def test_metric_that_most_resamples_leave_undefined_has_no_interval():
    resampled = [{"m": (np.nan, None)}] * 6 + [{"m": (0.5, None)}] * 4
    assert compute_intervals({"m": (0.5, None)}, resampled)["m"].ci95 is None
    assert compute_intervals({"m": (0.5, None)}, resampled[4:])["m"].ci95 == (0.5, 0.5)


def test_undefined_metric_has_no_interval():
    assert compute_intervals({"m": (np.nan, None)}, [{"m": (0.5, None)}] * 9)["m"].ci95 is None
