"""Boxes: overlaps, fusion, what a kind says of them, and how masks become boxes."""

import numpy as np
import pytest

from diascope.calibration.box_score import count_threshold, fit_box_score
from diascope.core.boxes import edges, fuse, join, overlaps, suppress
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Box, Target
from diascope.core.errors import RunError
from diascope.core.families import KINDS
from diascope.core.ports.task import Example, Head
from diascope.tasks._box_baselines import MOST_EXAMPLES
from diascope.tasks.detection import TASK as DETECTION

TARGET = Target(kind="boxes", classes=("cell", "nucleus"))


def test_overlap_of_volumes_is_their_shared_share():
    a = np.array([[0, 0, 0, 2, 2, 2]], float)
    b = np.array([[1, 0, 0, 3, 2, 2], [2, 2, 2, 3, 3, 3], [0, 0, 0, 0, 0, 0]], float)
    assert overlaps(a, b) == pytest.approx(np.array([[1 / 3, 0, 0]]))
    assert edges(a).tolist() == [2.0]


def test_suppression_keeps_the_best_of_each_finding():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 30, 40, 40]], float)
    assert suppress(boxes, np.array([0.5, 0.9, 0.1]), overlap=0.5).tolist() == [1, 2]


def test_fusion_averages_views_that_agree_and_lowers_what_few_have_seen():
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], float)
    fused, scores = fuse(
        boxes, np.array([0.8, 0.8, 0.9]), np.array([0, 1, 1]), overlap=0.5, expected=np.array([2, 2, 2])
    )
    assert fused.tolist() == [[50, 50, 60, 60], [1, 0, 11, 10]]
    assert scores == pytest.approx([0.45, 0.8])


def test_two_boxes_of_one_view_are_two_findings():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], float)
    fused, _ = fuse(boxes, np.array([0.8, 0.7]), np.array([0, 0]), overlap=0.5, expected=np.array([1, 1]))
    assert len(fused) == 2


def test_parts_of_one_object_are_joined_over_several_windows():
    parts = np.array([[0, 0, 10, 60], [0, 30, 10, 90], [0, 60, 10, 120], [40, 0, 50, 9]], float)
    joined, scores = join(parts, np.array([0.6, 0.9, 0.5, 0.4]), overlap=0.3)
    assert joined.tolist() == [[0, 0, 10, 120], [40, 0, 50, 9]]
    assert scores.tolist() == [0.9, 0.4]


def test_nothing_found_stays_nothing():
    nothing, none = np.zeros((0, 4)), np.zeros(0)
    assert fuse(nothing, none, none.astype(int), overlap=0.5, expected=none)[0].shape == (0, 4)
    assert join(nothing, none, overlap=0.3)[0].shape == (0, 4)
    assert suppress(nothing, none, overlap=0.5).size == 0


@pytest.mark.parametrize(
    ("box", "said"),
    [
        (Box(label="cell", low=(5, 2), high=(3, 4)), "corners swapped"),
        (Box(label="mouse", low=(1, 2), high=(3, 4)), "not one of cell, nucleus"),
        (Box(label="cell", low=(float("nan"), 2), high=(3, 4)), "finite"),
    ],
)
def test_impossible_box_is_named_with_its_number_and_corners(box, said):
    right = Box(label="cell", low=(0, 0), high=(1, 1))
    (problem,) = KINDS.load("boxes").check(TARGET, (right, box))
    assert "box 2" in problem
    assert said in problem


def test_image_without_boxes_is_a_negative_and_has_no_problem():
    kind = KINDS.load("boxes")
    assert kind.check(TARGET, ()) == []
    assert kind.encode(TARGET, ()).shape[0] == 0
    assert kind.strata(TARGET, [(), ("cell",), ("cell", "nucleus")]) == ["no box", "cell", "nucleus"]


def test_each_connected_region_of_a_mask_becomes_a_box_of_its_class():
    labels = np.zeros((6, 8, 5), np.uint8)
    labels[0:2, 0:3, 0:2] = 7
    labels[4:6, 5:8, 3:5] = 7
    labels[3, 4, 0] = 2
    target = Target(kind="mask", classes=("background", "spot", "lesion"), values=(0, 2, 7))
    derivation = KINDS.load("boxes").derived["mask"]
    assert derivation.target(target, []).classes == ("spot", "lesion")
    assert derivation.value(target, labels) == (
        Box(label="spot", low=(3, 4, 0), high=(4, 5, 1)),
        Box(label="lesion", low=(0, 0, 0), high=(2, 3, 2)),
        Box(label="lesion", low=(4, 5, 3), high=(6, 8, 5)),
    )


def test_count_threshold_lies_where_the_counts_are_right():
    scores = [np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.15, 0.7]), np.array([0.3])]
    threshold = count_threshold(scores, np.array([2, 1, 0]))
    assert 0.3 < threshold < 0.7


def test_boxes_without_the_grid_of_their_image_are_refused_rather_than_taken_for_flat_ones():
    volume_box = np.array([[0, 0, 0, 2, 2, 2, 0, 0.9]])
    with pytest.raises(RunError, match="without the grid"):
        DETECTION.score_case(TARGET, volume_box[:, :7], volume_box, None, Calibration(fitted_on="", cases=0))
    with pytest.raises(RunError, match="without the grid"):
        DETECTION.told(TARGET, volume_box, Calibration(fitted_on="", cases=0), None)


def test_threshold_baseline_is_chosen_on_training_cases_from_all_over_the_list():
    from diascope.evaluate.baseline import _spread

    baseline = next(b for b in DETECTION.baselines if b.looks_at_image)
    chosen = _spread([str(n) for n in range(200)], baseline.most)
    assert len(chosen) == MOST_EXAMPLES
    assert (chosen[0], chosen[-1]) == ("0", "199")

    def example(bright: bool) -> Example:
        image = np.zeros((1, 12, 12), np.float32)
        image[0, 2:6, 3:7], image[0, 8:11, 8:11] = (9, 1) if bright else (1, 9)
        return Example(np.array([[2.0, 3, 6, 7, 0]]), image)

    predict = baseline.fit(TARGET, [example(n >= MOST_EXAMPLES) for n in range(4 * MOST_EXAMPLES)])
    assert predict(example(True))[0, :4].tolist() == [2, 3, 6, 7]  # every example that is given is learned from


def test_class_that_no_reference_holds_gets_no_threshold_and_empty_answers_are_answers():
    head = Head(("cell", "nucleus"), "sigmoid")
    found = np.array([[0, 0, 1, 1, 0, 0.9], [0, 0, 1, 1, 0, 0.2]])
    predictions = [found, np.zeros(0)]
    references = [np.array([[0, 0, 1, 1, 0.0]]), np.zeros((0, 5))]
    fitted = fit_box_score(Calibration(fitted_on="", cases=2), predictions, references, head)
    assert set(fitted.thresholds) == {"cell"}
    assert 0.2 < fitted.thresholds["cell"] < 0.9
