"""Temperature against scikit-learn's own fit; operating point against its ROC curve."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_curve

from diascope.calibration import fit, probabilities
from diascope.calibration.operating_point import youden_threshold
from diascope.core.ports.task import Head


class Passing(ClassifierMixin, BaseEstimator):
    """Gives back its input as decision values."""

    def __init__(self, classes):
        self.classes = classes

    def fit(self, x, y):
        self.classes_ = np.arange(self.classes)
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return x.argmax(axis=1)


def test_temperature_equals_sklearn():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 3000)
    logits = 4 * np.eye(3)[truth] + 3 * rng.normal(size=(3000, 3))
    passing = Passing(3).fit(logits, truth)
    theirs = CalibratedClassifierCV(FrozenEstimator(passing), method="temperature").fit(logits, truth)
    ours = fit(["temperature"], logits, np.eye(3)[truth], Head(("a", "b", "c"), "softmax"), fitted_on="x")
    got = probabilities(ours, logits, Head(("a", "b", "c"), "softmax"))
    assert got == pytest.approx(theirs.predict_proba(logits), abs=3e-3)


@pytest.mark.parametrize("seed", range(5))
def test_youden_index_equals_the_best_of_sklearns_roc_curve(seed):
    rng = np.random.default_rng(seed)
    present = rng.random(200) < 0.3
    probability = np.exp(log_softmax(np.stack([np.zeros(200), present + rng.normal(size=200)], 1), axis=1))[:, 1].round(
        2
    )
    threshold = youden_threshold(present, probability)
    decided = probability >= threshold
    false_positive, true_positive, _ = roc_curve(present, probability)
    assert decided[present].mean() - decided[~present].mean() == pytest.approx((true_positive - false_positive).max())
