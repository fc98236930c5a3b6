"""The task anomaly: which cases are normal, what a score is, and what is measured of it."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from diascope.calibration import fit, nothing_fitted
from diascope.calibration.normal_scores import FEWEST, NUMBERS, score_of, unusual_share
from diascope.core.documents.dataset import Target
from diascope.core.errors import OptionError
from diascope.core.families import KINDS, METRICS, TASKS
from diascope.core.geometry import geometry_without_spacing
from diascope.core.ports.task import Example
from diascope.evaluate.collect import stack_rows
from diascope.tasks import anomaly

TARGET = Target(kind="normality", classes=("normal", "pneumonia"))
MASK = Target(kind="mask", classes=("background", "lesion"), values=(0, 1))
GRID = geometry_without_spacing((8, 9))


def made(classes, values=()):
    return KINDS.load("normality").derived["class"].target(Target(kind="class", classes=classes), values)


@pytest.mark.parametrize(
    ("classes", "normal"),
    [
        (("pneumonia", "Normal"), "Normal"),
        (("benign", "malignant", "normal"), "normal"),
        (("benign", "malignant"), "benign"),
        (("No_Finding", "effusion"), "No_Finding"),
        (("1", "0"), "0"),
        (("crack", "good", "scratch"), "good"),
    ],
)
def test_normal_class_is_found_by_its_name_and_comes_first(classes, normal):
    target = made(classes)
    assert target.classes[0] == normal
    assert set(target.classes) == set(classes)


def test_unknown_names_are_refused_with_a_way_out():
    with pytest.raises(OptionError, match=r"which class is the normal one") as caught:
        made(("a", "b"))
    assert "--set target.normal=NAME" in str(caught.value)


def test_a_chosen_class_that_there_is_not_is_refused_with_the_nearest():
    chosen = KINDS.load("normality").derived["class"].chosen
    assert chosen is not None
    assert chosen(Target(kind="class", classes=("a", "b")), "b").classes == ("b", "a")
    with pytest.raises(OptionError, match="no class is called 'norml'"):
        chosen(Target(kind="class", classes=("normal", "b")), "norml")


def test_only_cases_known_to_be_normal_are_learned_from():
    kind = KINDS.load("normality")
    learned = [TASKS.load("anomaly").learns_from(TARGET, kind.encode(TARGET, v)) for v in ("normal", "pneumonia", None)]
    assert learned == [True, False, False]
    mask = np.zeros((8, 9), np.uint8)
    assert anomaly.learns_from(MASK, mask)
    mask[3, 3] = 1
    assert not anomaly.learns_from(MASK, mask)


def test_score_is_the_mean_of_what_was_seen():
    deviation = np.full((8, 9), 2.0)
    deviation[:4] = 0
    assert score_of(deviation) == 2.0
    assert score_of(np.zeros((8, 9))) == 0.0


def table_of(maps, references, target=TARGET, calibration=None):
    found = calibration or nothing_fitted()
    rows = [anomaly.score_case(target, r, m, GRID, found) for r, m in zip(references, maps, strict=True)]
    return stack_rows(rows)


def drawn(count=60):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    maps = [rng.gamma(2, 1, (8, 9)) * (1 + 0.3 * label) + 0.01 for label in labels]
    return labels, maps


def test_case_metrics_are_those_of_another_library():
    labels, maps = drawn()
    table = table_of(maps, [np.array([float(n)]) for n in labels])
    measured = anomaly.aggregate(TARGET, table)(np.arange(len(maps)))
    scores = [m.mean() for m in maps]
    assert measured["auroc"][0] == pytest.approx(roc_auc_score(labels, scores))
    assert measured["average_precision"][0] == pytest.approx(average_precision_score(labels, scores))
    assert np.isnan(measured["pixel_average_precision"][0])
    assert np.isnan(measured["sensitivity"][0])


def test_voxel_average_precision_is_that_of_all_voxels_together():
    rng = np.random.default_rng(1)
    masks = [(rng.random((8, 9)) < 0.2).astype(np.uint8) for _ in range(30)]
    maps = [rng.gamma(2, 1, (8, 9)) * (1 + 2 * mask) + 0.01 for mask in masks]
    table = table_of(maps, masks, MASK)
    got = anomaly.aggregate(MASK, table)(np.arange(30))["pixel_average_precision"][0]
    want = average_precision_score(np.concatenate(masks).ravel(), np.concatenate(maps).ravel())
    assert got == pytest.approx(want, abs=0.005)


def test_voxel_average_precision_without_abnormal_voxels_is_undefined():
    assert np.isnan(METRICS.load("pixel_average_precision").compute(np.zeros(4), np.ones(4)))


def test_threshold_comes_from_normal_cases_alone():
    labels, maps = drawn(200)
    references = [np.array([float(n)]) for n in labels]
    head = TASKS.load("anomaly").head(TARGET)
    fitted = fit((NUMBERS,), maps, references, head, fitted_on="validation part")
    normal = [m for m, n in zip(maps, labels, strict=True) if n == 0]
    alone = fit((NUMBERS,), normal, [np.zeros(1)] * len(normal), head, fitted_on="validation part")
    assert fitted == alone
    assert fitted.cases == len(normal)
    assert np.mean([score_of(m) < fitted.thresholds["anomaly"] for m in normal]) == pytest.approx(0.95, abs=0.01)
    assert unusual_share(fitted, 0.0) == 0
    assert unusual_share(fitted, 1e9) == 1


def test_few_normal_cases_give_no_threshold_and_none_at_all_nothing():
    head = TASKS.load("anomaly").head(TARGET)
    few = fit((NUMBERS,), [np.ones((8, 9))] * (FEWEST - 1), [np.zeros(1)] * (FEWEST - 1), head, fitted_on="x")
    assert not few.thresholds
    assert few.numbers[NUMBERS]
    none = fit((NUMBERS,), [np.ones((8, 9))], [np.ones(1)], head, fitted_on="x")
    assert not none.numbers
    assert np.isnan(unusual_share(none, 1.0))


def test_headline_ranks_by_the_other_kind_and_passes_over_the_unknown():
    table = table_of([np.full((8, 9), s) for s in (1.0, 2.0, 3.0, 4.0)], [np.array([r]) for r in (0, 1, 0, np.nan)])
    assert anomaly.case_headline(TARGET, table)[:3].tolist() == [1.0, 0.5, 0.0]
    assert np.isnan(anomaly.case_headline(TARGET, table)[3])


def test_what_is_told_says_how_unusual_a_case_is():
    labels, maps = drawn(200)
    head = TASKS.load("anomaly").head(TARGET)
    fitted = fit((NUMBERS,), maps, [np.array([float(n)]) for n in labels], head, fitted_on="x")
    told = anomaly.told(TARGET, np.full((8, 9), 50.0), fitted, GRID)
    assert told["anomalous"] == 1
    assert told["more unusual than"] == 1.0
    assert anomaly.told(TARGET, np.ones((8, 9)), nothing_fitted(), GRID)["anomalous"] is None


def test_principal_components_leave_what_normal_images_do_not_have():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3, 20, 24))
    normal = [(rng.normal(size=3) @ base.reshape(3, -1)).reshape(1, 20, 24) + 5 for _ in range(40)]
    odd = normal[0].copy()
    odd[0, 5:8, 5:8] += 6
    (baseline,) = TASKS.load("anomaly").baselines
    predict = baseline.fit(TARGET, [Example(np.zeros(1), image, None) for image in normal])
    usual, unusual = (predict(Example(image=image)) for image in (normal[1], odd))
    assert usual.shape == (20, 24)
    assert score_of(unusual) > 10 * score_of(usual)
    assert np.unravel_index(unusual.argmax(), unusual.shape)[0] in range(4, 9)


def test_pictures_mark_what_is_unusual():
    from diascope.core.ports.task import CaseView

    mask = np.zeros((8, 9), np.uint8)
    mask[2:5, 2:5] = 1
    table = table_of([np.ones((8, 9)) + 4 * mask], [mask], MASK)
    scored = {name: column[0] for name, column in table.items()}
    view = CaseView("a", np.ones((1, 8, 9)), mask, np.ones((8, 9)) + 4 * mask, GRID, 1.0, scored=scored)
    drawn = anomaly.TASK.picture(MASK, view)
    assert "heat map" in drawn
    assert "reference: abnormal" in drawn
