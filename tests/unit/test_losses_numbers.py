"""Losses of numbers, grades and events: against plain sums, other libraries and each other."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="losses come with the extra 'train'")

import torch

from diascope.calibration.baseline_hazard import log_risk, partial_likelihood
from diascope.calibration.ordinal import grade_probabilities
from diascope.core.documents.dataset import Target
from diascope.core.families import KINDS, LOSSES
from diascope.losses.cumulative_link import log_probabilities

GRADES = Target(kind="grade", classes=("I", "II", "III", "IV"))


def grades(*names: str | None) -> torch.Tensor:
    return torch.tensor(np.stack([KINDS.load("grade").encode(GRADES, name) for name in names]))


def loss(name: str, outputs, target, **options: object) -> float:
    return float(LOSSES.load(name).build(options)(torch.as_tensor(outputs), torch.as_tensor(target)))


def test_huber_counts_errors_in_the_scale_that_is_given():
    outputs, target = torch.tensor([[50.0], [80.0]]), torch.tensor([[55.0], [40.0]])
    assert loss("huber", outputs, target, scale=10.0) == pytest.approx((0.5 * 0.5**2 + (4 - 0.5)) / 2)


def test_chances_of_grades_are_those_that_the_loss_sees_and_sum_to_one():
    outputs = np.random.default_rng(0).normal(0, 4, (50, 3)).astype(np.float32)
    log = log_probabilities(torch.tensor(outputs)).numpy()
    assert np.exp(log).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.exp(log) == pytest.approx(grade_probabilities(outputs), abs=1e-5)


def test_cumulative_link_loss_is_the_negative_log_likelihood_of_the_grades():
    outputs = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    expected = -np.log(grade_probabilities(outputs)[np.arange(4), [0, 3, 1, 2]]).mean()
    assert loss("cumulative_link", outputs, grades("I", "IV", "II", "III")) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("value", [-80.0, 80.0])
def test_cumulative_link_loss_and_its_gradient_stay_finite_for_extreme_outputs(value):
    outputs = torch.full((4, 3), value, requires_grad=True)
    got = LOSSES.load("cumulative_link").build({})(outputs, grades("I", "II", "III", "IV"))
    got.backward()
    assert torch.isfinite(got)
    assert torch.isfinite(outputs.grad).all()


def test_a_miss_by_two_grades_costs_more_than_one_by_one():
    right = torch.tensor([[20.0, 40.0, 5.0]])  # grade II, III the next
    one, two = (loss("cumulative_link", right, grades(name)) for name in ("III", "IV"))
    assert loss("cumulative_link", right, grades("II")) < one < two


def test_cox_loss_is_the_negative_partial_likelihood_per_event():
    rng = np.random.default_rng(0)
    time, event = rng.integers(1, 20, 60).astype(np.float32), rng.random(60) < 0.5
    outputs = rng.normal(size=(60, 3)).astype(np.float32)
    expected = -partial_likelihood(time, event, log_risk(outputs)) / event.sum()
    assert loss("cox", outputs, np.stack([time, event], 1).astype(np.float32)) == pytest.approx(expected, rel=1e-5)


def test_discrete_hazards_loss_is_the_likelihood_written_out():
    outputs = np.array([[-1.0, 0.5, 0.2], [-2.0, -1.0, 0.3], [0.1, 0.2, 0.3], [-1.0, -1.0, -1.0]], np.float32)
    target = np.array([[3.0, 1], [15.0, 1], [7.0, 0], [40.0, 1]], np.float32)
    hazard = np.exp(outputs)
    expected = [
        -np.log(1 - np.exp(-hazard[0, 0])),  # in the first interval
        hazard[1, 0] + hazard[1, 1] - np.log(1 - np.exp(-hazard[1, 2])),  # free twice, then the event
        hazard[2, 0],  # censored in the second: free of it in the first
        hazard[3].sum(),  # after the last end
    ]
    assert loss("discrete_hazards", outputs, target, horizons=[5, 10, 20]) == pytest.approx(np.mean(expected), rel=1e-5)


def test_case_censored_at_the_end_of_an_interval_has_passed_it_and_an_event_there_falls_in_it():
    outputs = np.array([[0.3, -0.4]], np.float32)
    options = {"horizons": (1.0, 2.0)}
    hazard = np.exp(outputs[0])

    def at(time: float, event: int) -> float:
        return loss("discrete_hazards", outputs, np.array([[time, event]], np.float32), **options)

    assert at(1.0, 0) == pytest.approx(at(1.001, 0)) == pytest.approx(hazard[0])
    assert at(2.0, 0) == pytest.approx(at(2.001, 0)) == pytest.approx(hazard.sum())
    assert at(2.0, 1) == pytest.approx(at(1.999, 1)) == pytest.approx(hazard[0] - np.log(1 - np.exp(-hazard[1])))


def test_discrete_hazards_fitted_to_many_cases_give_the_observed_survival():
    from diascope.core.kaplan_meier import kaplan_meier

    rng = np.random.default_rng(0)
    time, censoring = rng.weibull(1.5, 3000) * 10, rng.uniform(0, 30, 3000)
    target = torch.tensor(np.stack([np.minimum(time, censoring), time <= censoring], 1), dtype=torch.float32)
    ends = [2.0, 4.0, 8.0, 12.0]
    outputs = torch.zeros(1, 4, requires_grad=True)
    compute = LOSSES.load("discrete_hazards").build({"horizons": ends})
    optimiser = torch.optim.LBFGS([outputs], max_iter=60)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = compute(outputs.expand(3000, 4), target)
        value.backward()
        return value

    optimiser.step(closure)
    foretold = np.exp(-np.exp(outputs.detach().numpy()[0]).cumsum())
    observed = kaplan_meier(target[:, 0].numpy(), target[:, 1].numpy() > 0).at(np.array(ends))
    assert foretold == pytest.approx(observed, abs=0.03)


TARGETS = {
    "huber": torch.tensor([[1.0], [2.0]]),
    "cumulative_link": grades("I", "III"),
    "cox": torch.tensor([[1.0, 1.0], [2.0, 0.0]]),
    "discrete_hazards": torch.tensor([[1.0, 1.0], [2.0, 0.0]]),
}


@pytest.mark.parametrize("name", TARGETS)
def test_missing_targets_change_nothing_and_alone_cost_nothing(name):
    target = TARGETS[name]
    outputs = torch.randn(2, {"huber": 1}.get(name, 3), requires_grad=True)
    missing = torch.full_like(target, torch.nan)
    compute = LOSSES.load(name).build({"horizons": [1.5, 3.0, 4.0]})
    both = compute(torch.cat([outputs, outputs * 2]), torch.cat([target, missing]))
    assert float(both.detach()) == pytest.approx(float(compute(outputs, target).detach()))
    alone = compute(outputs, missing)
    alone.backward()
    assert float(alone.detach()) == 0
    assert torch.isfinite(outputs.grad).all()


def test_batch_of_censored_cases_costs_nothing_under_cox():
    assert loss("cox", torch.randn(3, 1), torch.tensor([[1.0, 0], [2, 0], [3, 0]])) == 0
