"""How classification counts."""

import numpy as np
import pytest
from scipy.special import softmax

from diascope.calibration import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.ports.task import Example
from diascope.tasks.classification import TASK

BINARY = Target(kind="class", classes=("well", "ill"))
LABELS = Target(kind="classes", classes=("x", "y", "z"))


def tabulate(target, references, logits, calibration=None):
    rows = [
        TASK.score_case(target, r, p, None, calibration or nothing_fitted())
        for r, p in zip(references, logits, strict=True)
    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def test_binary_question_is_judged_by_its_positive_class():
    assert TASK.judged(BINARY) == ("ill",)
    assert TASK.judged(LABELS) == ("x", "y", "z")


def test_accuracy_is_argmax_and_sensitivity_is_at_the_operating_point():
    probability = np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1], [0.8, 0.2]])
    references = np.eye(2)[[1, 1, 0, 0]]
    calibration = Calibration(fitted_on="x", cases=9, thresholds={"ill": 0.25})
    table = tabulate(BINARY, references, np.log(probability), calibration)
    measured = TASK.aggregate(BINARY, table)(np.arange(4))
    assert measured["accuracy"][0] == 0.75
    assert measured["sensitivity"][0] == 1.0
    assert measured["specificity"][0] == 1.0


def test_temperature_enters_the_probabilities():
    table = tabulate(
        BINARY, np.eye(2), np.array([[2.0, 0], [0, 2.0]]), Calibration(fitted_on="x", cases=2, temperature=2)
    )
    assert table["probability"][0] == pytest.approx(softmax([1.0, 0.0]))


def test_missing_label_counts_for_nothing_and_the_others_of_its_case_do():
    references = np.array([[1, 0, np.nan], [0, 1, 1], [1, 0, 0]])
    table = tabulate(LABELS, references, 5 * np.array([[1, -1, 1], [-1, 1, 1], [1, -1, -1]]))
    assert TASK.defined(LABELS, table, "auroc").sum(axis=0).tolist() == [3, 3, 2]
    assert TASK.aggregate(LABELS, table)(np.arange(3))["accuracy"][0] == 1
    assert TASK.case_rows(LABELS, table, 0)[2]["reference"] is None


def test_headline_is_the_probability_given_to_what_is_true():
    table = tabulate(BINARY, np.array([[0, 1], [1, 0], [np.nan, np.nan]]), np.log([[0.2, 0.8], [0.1, 0.9], [0.5, 0.5]]))
    assert TASK.case_headline(BINARY, table) == pytest.approx([0.8, 0.1, np.nan], nan_ok=True)


def test_majority_class_is_always_predicted():
    predict = TASK.baselines[0].fit(BINARY, map(Example, np.eye(2)[[1, 1, 1, 0]]))
    assert softmax(predict(Example())) == pytest.approx([2 / 6, 4 / 6])


def test_label_baseline_is_each_labels_share_without_the_missing():
    predict = TASK.baselines[0].fit(LABELS, [Example(np.array([1, np.nan, 0])), Example(np.array([1, 0, 0]))])
    assert 1 / (1 + np.exp(-predict(Example()))) == pytest.approx([3 / 4, 1 / 3, 1 / 4])


def test_labels_have_no_confusion_matrix():
    table = tabulate(LABELS, np.eye(3), np.eye(3))
    assert TASK.plots["confusion"](LABELS, table) == ""
