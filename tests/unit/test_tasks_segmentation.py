"""How segmentation counts."""

import json
from pathlib import Path

import numpy as np
import pytest

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Target
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.ports.task import Example
from diascope.tasks.segmentation import MEASURED, TASK

TARGET = Target(kind="mask", classes=("background", "one", "two"), values=(0, 1, 2))
GRID = Geometry((8, 8, 8), np.diag([1.0, 1.0, 2.0, 1.0]))
HIPPOCAMPUS = Path(__file__).parents[2].parent / "shared" / "data" / "msd_hippocampus"


def score(reference, prediction, grid=GRID):
    return TASK.score_case(TARGET, reference, prediction, grid, nothing_fitted())


@pytest.fixture
def labels():
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[1:4, 1:4, 1:4] = 1
    return labels


def test_class_in_neither_map_is_undefined_and_a_missed_one_is_zero(labels):
    scores = score(labels, np.zeros_like(labels))
    assert scores["dice"][0] == 0
    assert np.isnan(scores["dice"][1])
    assert scores["reference_voxels"].tolist() == [27, 0]


def test_each_class_is_measured_in_its_own_box_as_in_the_whole_image(labels):
    from diascope.core.families import METRICS

    prediction = np.roll(labels, 3, axis=2)
    prediction[7, 7, 7] = 2
    scores = score(labels, prediction)
    for name in (name for name in MEASURED if not METRICS.load(name).over_frames):
        whole = METRICS.load(name).compute(labels == 1, prediction == 1, GRID.spacing_mm)
        assert scores[name][0] == pytest.approx(whole)


def test_without_spacing_only_dice_is_defined(labels):
    scores = score(labels, labels, geometry_without_spacing((8, 8, 8)))
    assert scores["dice"][0] == 1
    assert all(np.isnan(scores[name][0]) for name in MEASURED if name != "dice")


def test_mean_is_over_cases_for_each_class_then_over_classes():
    table = {name: np.array([[1.0, 0.2], [0.5, np.nan], [0.0, 0.4]]) for name in MEASURED}
    value, classes = TASK.aggregate(TARGET, table)(np.arange(3))["dice"]
    assert classes == pytest.approx([0.5, 0.3])
    assert value == pytest.approx(0.4)


def test_undefined_class_is_left_out_of_the_mean_over_classes():
    table = {name: np.array([[0.5, np.nan], [0.7, np.nan]]) for name in MEASURED}
    value, classes = TASK.aggregate(TARGET, table)(np.arange(2))["dice"]
    assert value == pytest.approx(0.6)
    assert np.isnan(classes[1])


def test_headline_is_the_mean_dice_of_the_defined_classes():
    table = {"dice": np.array([[0.5, np.nan], [np.nan, np.nan], [0.2, 0.4]])}
    assert TASK.case_headline(TARGET, table) == pytest.approx([0.5, np.nan, 0.3], nan_ok=True)


def test_mean_label_map_is_the_most_frequent_class_at_each_place(labels):
    other = np.zeros((16, 16, 16), np.uint8)
    other[2:8, 2:8, 2:8] = 1
    other[12:, 12:, 12:] = 2
    predict = TASK.baselines[0].fit(TARGET, map(Example, [labels, other, other]))
    assert (predict(Example(geometry=Geometry((8, 8, 8), np.eye(4)))) == other[::2, ::2, ::2]).all()
    assert (predict(Example(geometry=Geometry((16, 16, 16), np.eye(4)))) == other).all()


@pytest.mark.data
@pytest.mark.skipif(not HIPPOCAMPUS.exists(), reason="the shared hippocampus data are not here")
def test_published_per_case_dice_gives_the_published_mean():
    model = json.loads((HIPPOCAMPUS / "nnunet_reference_results.json").read_text())["models"]
    for fold in model["baseline_ConvolutionalEncoder"]:
        dice = np.array([[case["1"], case["2"]] for case in fold["per_case"].values()])
        value, classes = TASK.aggregate(TARGET, dict.fromkeys(MEASURED, dice))(np.arange(len(dice)))["dice"]
        assert value == pytest.approx(fold["dice_mean"], abs=1e-5)
        assert classes == pytest.approx([fold["dice_anterior"], fold["dice_posterior"]], abs=1e-5)
