"""Temperature and operating point on simulated logits."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from diascope.calibration import decide, fit, nothing_fitted, probabilities
from diascope.core.errors import OptionError
from diascope.core.ports.task import Head

BINARY, FOUR = Head(("no", "yes"), "softmax"), Head(("a", "b", "c", "d"), "softmax")
LABELS = Head(("x", "y", "z"), "sigmoid")
BOTH = ("temperature", "operating_point")


def draw(head: Head, cases: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return true logits and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(cases, len(head.outputs)))
    if head.activation == "sigmoid":
        return logits, (rng.random(logits.shape) < expit(logits)).astype(float)
    cumulated = softmax(logits, axis=1).cumsum(axis=1)
    return logits, np.eye(len(head.outputs))[(rng.random((cases, 1)) > cumulated[:, :-1]).sum(axis=1)]


@pytest.mark.parametrize("head", [BINARY, FOUR, LABELS])
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_temperature_of_overconfident_logits_is_found(head, scale):
    logits, outcome = draw(head)
    found = fit(["temperature"], logits * scale, outcome, head, fitted_on="simulation")
    assert found.temperature == pytest.approx(scale, rel=0.06)
    assert found.cases == 4000


def test_perfectly_right_validation_part_does_not_ask_for_certainty():
    outcome = np.eye(2)[np.arange(20) % 2]
    found = fit(["temperature"], 4 * outcome, outcome, BINARY, fitted_on="20 cases")
    assert 0.5 < found.temperature < 1


@pytest.mark.parametrize("cases", [3, 10, 30])
@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_fitted_cases_are_never_worse_off_than_without_a_temperature(cases, scale):
    for seed in range(5):
        logits, outcome = draw(FOUR, cases, seed)
        logits = logits * scale
        found = fit(["temperature"], logits, outcome, FOUR, fitted_on="few")
        before, after = (-np.log(probabilities(c, logits, FOUR)[outcome == 1]).sum() for c in (nothing_fitted(), found))
        assert after <= before + 1e-6


def test_few_cases_hardly_move_good_probabilities():
    outcome = np.eye(3)[np.arange(9) % 3]
    found = fit(["temperature"], 8 * outcome, outcome, Head(("a", "b", "c"), "softmax"), fitted_on="9 cases")
    assert 0.8 < found.temperature <= 1


def test_missing_labels_add_nothing():
    logits, outcome = draw(LABELS)
    with_more = np.concatenate([logits, 9 * logits[:500]])
    missing = np.concatenate([outcome, np.full((500, 3), np.nan)])
    first = fit(BOTH, logits, outcome, LABELS, fitted_on="known")
    second = fit(BOTH, with_more, missing, LABELS, fitted_on="known")
    assert second.temperature == pytest.approx(first.temperature)
    assert second.thresholds == pytest.approx(first.thresholds)
    assert second.cases == first.cases


def test_without_any_reference_nothing_is_fitted():
    found = fit(BOTH, np.zeros((3, 2)), np.full((3, 2), np.nan), BINARY, fitted_on="nothing known")
    assert (found.temperature, found.thresholds, found.cases) == (1.0, {}, 0)


def test_operating_point_lies_between_separated_groups():
    logits = np.array([[0, -3.0], [0, -2.0], [0, -1.8], [0, 1.0]])
    outcome = np.eye(2)[[0, 0, 1, 1]]
    found = fit(["operating_point"], logits, outcome, BINARY, fitted_on="4 cases")
    assert expit(-2.0) < found.thresholds["yes"] < expit(-1.8)
    assert (decide(found, probabilities(found, logits, BINARY), BINARY) == outcome.astype(bool)).all()


def test_binary_question_has_a_threshold_for_its_positive_class_only():
    assert set(fit(BOTH, *draw(BINARY), BINARY, fitted_on="s").thresholds) == {"yes"}
    assert fit(BOTH, *draw(FOUR), FOUR, fitted_on="s").thresholds == {}
    assert set(fit(BOTH, *draw(LABELS), LABELS, fitted_on="s").thresholds) == {"x", "y", "z"}


def test_label_without_positive_cases_keeps_one_half():
    logits, outcome = draw(LABELS, 50)
    outcome[:, 1] = 0
    found = fit(BOTH, logits, outcome, LABELS, fitted_on="s")
    assert "y" not in found.thresholds
    probability = np.array([[0.0, 0.49, 0.0], [0.0, 0.5, 0.0]])
    assert decide(found, probability, LABELS)[:, 1].tolist() == [False, True]


def test_useless_probabilities_keep_one_half():
    outcome = np.eye(2)[np.arange(10) % 2]
    found = fit(["operating_point"], np.zeros((10, 2)), outcome, BINARY, fitted_on="s")
    assert found.thresholds == {"yes": 0.5}


def test_several_exclusive_classes_take_the_most_probable():
    logits, _ = draw(FOUR, 30)
    decided = decide(nothing_fitted(), probabilities(nothing_fitted(), logits, FOUR), FOUR)
    assert (decided.argmax(1) == logits.argmax(1)).all()
    assert (decided.sum(1) == 1).all()


def test_unknown_step_names_the_nearest():
    with pytest.raises(OptionError, match="temperature"):
        fit(["temperatur"], np.zeros((2, 2)), np.eye(2), BINARY, fitted_on="s")
