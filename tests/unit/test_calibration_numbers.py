"""Intervals that hold their coverage, sets of grades that do, and survival from a risk."""

import numpy as np
import pytest

from diascope.calibration.baseline_hazard import fit_baseline_hazard, relative_risk, survival_at
from diascope.calibration.conformal import LEVEL, conformal_quantile, fit_interval
from diascope.calibration.ordinal import (
    fit_grade_set,
    fit_grade_temperature,
    grade_probabilities,
    grade_set,
    mass_before,
)
from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

NUMBER = Head(("value",), "identity")
NOTHING = Calibration(fitted_on="a test", cases=0)


@pytest.mark.parametrize(("count", "rank"), [(9, 9), (19, 18), (99, 90), (100, 91)])
def test_quantile_is_the_score_of_rank_ninety_percent_of_one_case_more(count, rank):
    assert conformal_quantile(np.random.default_rng(0).permutation(count) + 1.0, 0.9) == rank


@pytest.mark.parametrize("count", [0, 1, 8])
def test_too_few_cases_give_no_interval(count):
    cases = [np.zeros(1)] * count
    assert "half_width" not in fit_interval(NOTHING, cases, cases, NUMBER).numbers


def test_intervals_hold_their_coverage_over_many_calibrations():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        error = rng.standard_t(3, 60)
        found = fit_interval(NOTHING, list(error[:40, None]), [np.zeros(1)] * 40, NUMBER)
        held += (np.abs(error[40:]) <= found.numbers["half_width"][0]).tolist()
    assert np.mean(held) == pytest.approx(np.ceil(41 * LEVEL) / 41, abs=0.01)


def test_missing_references_take_no_part_in_an_interval():
    predictions, references = [np.zeros(1)] * 30, [np.array([float(n)]) for n in range(20)] + [np.array([np.nan])] * 10
    assert fit_interval(NOTHING, predictions, references, NUMBER).numbers["half_width"] == (18.0,)


def draw_grades(rng: np.random.Generator, count: int, *, sharpness: float = 1.0) -> tuple[list, list]:
    """Return outputs and references of four grades drawn from the outputs' own probabilities."""
    outputs = np.concatenate([rng.normal(0, 3, (count, 1)), rng.normal(1, 0.3, (count, 2))], axis=1)
    probability = grade_probabilities(outputs, 1 / sharpness)
    grade = (probability.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return list(outputs), list((np.arange(1, 4) <= grade[:, None]).astype(float))


def test_sets_of_grades_hold_at_least_their_coverage_and_are_no_wider_than_needed():
    rng, head = np.random.default_rng(0), Head(("a", "b", "c"), "identity")
    outputs, references = draw_grades(rng, 3000)
    found = fit_grade_set(NOTHING, outputs[:1000], references[:1000], head)
    limit = found.numbers["grade_mass"][0]
    ends = [grade_set(row, limit) for row in grade_probabilities(np.array(outputs[1000:]))]
    held = [low <= r.sum() <= high for (low, high), r in zip(ends, references[1000:], strict=True)]
    assert LEVEL - 0.02 <= np.mean(held) <= LEVEL + 0.06
    assert np.mean([high - low + 1 for low, high in ends]) < 3


def test_sets_of_grades_hold_their_coverage_with_a_temperature_of_the_same_cases():
    rng, head, held = np.random.default_rng(0), Head(("a", "b", "c"), "identity"), []
    for _ in range(150):
        outputs, references = draw_grades(rng, 130, sharpness=0.5)
        fitted = (outputs[:30], references[:30], head)
        found = fit_grade_set(fit_grade_temperature(NOTHING, *fitted), *fitted)
        chances = grade_probabilities(np.array(outputs[30:]), found.temperature)
        ends = [grade_set(row, found.numbers["grade_mass"][0]) for row in chances]
        held += [low <= r.sum() <= high for (low, high), r in zip(ends, references[30:], strict=True)]
    assert np.mean(held) == pytest.approx(np.ceil(31 * LEVEL) / 31, abs=0.015)


def test_set_grows_from_the_most_probable_grade_to_its_more_probable_neighbour():
    assert mass_before(np.array([0.1, 0.2, 0.4, 0.25, 0.05])) == pytest.approx([0.85, 0.65, 0, 0.4, 0.95])
    assert grade_set(np.array([0.1, 0.2, 0.4, 0.25, 0.05]), 0.6) == (2, 3)
    assert grade_set(np.array([0.1, 0.2, 0.4, 0.25, 0.05]), 0.0) == (2, 2)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_temperature_of_grades_is_found_again(sharpness):
    outputs, references = draw_grades(np.random.default_rng(1), 4000, sharpness=sharpness)
    found = fit_grade_temperature(NOTHING, outputs, references, Head(("a", "b", "c"), "identity"))
    assert found.temperature == pytest.approx(1 / sharpness, rel=0.1)


def draw_events(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    risk = rng.normal(size=count)
    time, censoring = rng.exponential(10 * np.exp(-risk)), rng.uniform(0, 30, count)
    return risk, np.stack([np.minimum(time, censoring), time <= censoring], 1), time


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_survival_is_foretold_whatever_the_scale_of_the_networks_risk(factor):
    rng = np.random.default_rng(0)
    risk, target, _ = draw_events(rng, 3000)
    outputs = factor * risk[:, None] + 7
    found = fit_baseline_hazard(NOTHING, list(outputs), list(target), Head(("risk",), "identity"))
    survival = survival_at(found, relative_risk(found, outputs), [3.0, 10.0])
    expected = np.exp(-np.array([3.0, 10.0]) / 10 * np.exp(risk)[:, None])
    assert found.numbers["slope"][0] == pytest.approx(1 / factor, rel=0.08)
    assert np.abs(survival - expected).mean() < 0.02
    assert len(found.numbers["hazard"]) <= 200


@pytest.mark.parametrize("target", [[], [[4.0, 0.0]] * 5, [[np.nan, np.nan]] * 5], ids=["none", "censored", "missing"])
def test_without_events_no_survival_is_told(target):
    outputs = [np.zeros(1)] * len(target)
    found = fit_baseline_hazard(NOTHING, outputs, [np.array(t) for t in target], Head(("risk",), "identity"))
    assert np.isnan(survival_at(found, relative_risk(found, np.zeros((2, 1))), [1.0])).all()
