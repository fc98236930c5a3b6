"""Set metrics against scikit-learn and torchmetrics: binary, multi-class and multi-label, with ties and imbalance."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from diascope.core.families import METRICS
from diascope.core.ports.metric import Scores


def draw(kind: str, seed: int, cases: int = 400) -> Scores:
    rng = np.random.default_rng(seed)
    if kind == "labels":
        reference = (rng.random((cases, 5)) < [0.5, 0.3, 0.1, 0.05, 0.7]).astype(float)
        probability = np.round(np.clip(0.4 * reference + 0.6 * rng.random((cases, 5)), 0, 1), 2)
        return Scores.of(reference, probability, probability >= 0.55, exclusive=False)
    classes = 2 if kind == "binary" else 4
    truth = rng.choice(classes, cases, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    reference = np.eye(classes)[truth]
    probability = softmax(np.round(rng.normal(size=(cases, classes)) + 1.2 * reference, 1), axis=1)
    if kind == "binary":
        positive = probability[:, 1] >= 0.35
        return Scores.of(reference, probability, np.stack([~positive, positive], 1), exclusive=True)
    return Scores.of(reference, probability, np.eye(classes, dtype=bool)[probability.argmax(1)], exclusive=True)


def value(name: str, scores: Scores) -> float:
    return METRICS.load(name).compute(scores)[0]


@pytest.fixture(params=range(3))
def seed(request):
    return request.param


@pytest.fixture
def binary(seed):
    return draw("binary", seed)


@pytest.fixture
def classes(seed):
    return draw("classes", seed)


@pytest.fixture
def labels(seed):
    return draw("labels", seed)


def test_binary_metrics_equal_sklearn(binary):
    truth, probability, decided = binary.reference[:, 1], binary.probability[:, 1], binary.decided[:, 1]
    assert value("auroc", binary) == pytest.approx(sk.roc_auc_score(truth, probability), abs=1e-12)
    assert value("average_precision", binary) == pytest.approx(sk.average_precision_score(truth, probability))
    assert value("accuracy", binary) == pytest.approx(sk.accuracy_score(truth, probability > 0.5))
    assert value("balanced_accuracy", binary) == pytest.approx(sk.balanced_accuracy_score(truth, decided))
    assert value("f1", binary) == pytest.approx(sk.f1_score(truth, decided))
    assert value("sensitivity", binary) == pytest.approx(sk.recall_score(truth, decided))
    assert value("specificity", binary) == pytest.approx(sk.recall_score(truth, decided, pos_label=0))
    assert value("brier", binary) == pytest.approx(sk.brier_score_loss(truth, probability))


def test_multi_class_metrics_equal_sklearn(classes):
    truth, decided = classes.reference.argmax(1), classes.decided.argmax(1)
    assert value("auroc", classes) == pytest.approx(sk.roc_auc_score(truth, classes.probability, multi_class="ovr"))
    assert value("average_precision", classes) == pytest.approx(
        sk.average_precision_score(classes.reference, classes.probability)
    )
    assert value("accuracy", classes) == pytest.approx(sk.accuracy_score(truth, decided))
    assert value("balanced_accuracy", classes) == pytest.approx(sk.balanced_accuracy_score(truth, decided))
    assert value("f1", classes) == pytest.approx(sk.f1_score(truth, decided, average="macro"))
    assert value("sensitivity", classes) == pytest.approx(sk.recall_score(truth, decided, average="macro"))
    squared = ((classes.probability - classes.reference) ** 2).sum(1).mean()
    assert value("brier", classes) == pytest.approx(squared)


def test_multi_label_metrics_equal_sklearn(labels):
    assert value("auroc", labels) == pytest.approx(sk.roc_auc_score(labels.reference, labels.probability))
    assert value("average_precision", labels) == pytest.approx(
        sk.average_precision_score(labels.reference, labels.probability)
    )
    assert value("f1", labels) == pytest.approx(sk.f1_score(labels.reference, labels.decided, average="macro"))
    columns = range(labels.reference.shape[1])
    balanced = [sk.balanced_accuracy_score(labels.reference[:, c], labels.decided[:, c]) for c in columns]
    assert value("balanced_accuracy", labels) == pytest.approx(np.mean(balanced))
    brier = [sk.brier_score_loss(labels.reference[:, c], labels.probability[:, c]) for c in columns]
    assert value("brier", labels) == pytest.approx(np.mean(brier))


def test_calibration_error_equals_torchmetrics(binary, classes):
    functional = pytest.importorskip("torchmetrics.functional.classification")
    import torch

    expected = functional.multiclass_calibration_error(
        torch.as_tensor(classes.probability), torch.as_tensor(classes.reference.argmax(1)), 4, n_bins=15, norm="l1"
    )
    assert value("ece", classes) == pytest.approx(expected.item(), abs=1e-5)
    positive, truth = (torch.as_tensor(array[:, 1].copy()) for array in (binary.probability, binary.reference))
    expected = functional.binary_calibration_error(positive, truth.long(), n_bins=15, norm="l1")
    assert value("ece", binary) == pytest.approx(expected.item(), abs=1e-5)


def test_specificity_of_labels_equals_torchmetrics(labels):
    functional = pytest.importorskip("torchmetrics.functional.classification")
    import torch

    decided, reference = torch.as_tensor(labels.decided).int(), torch.as_tensor(labels.reference).int()
    expected = functional.multilabel_specificity(decided, reference, 5, average="macro")
    assert value("specificity", labels) == pytest.approx(expected.item(), abs=1e-6)
