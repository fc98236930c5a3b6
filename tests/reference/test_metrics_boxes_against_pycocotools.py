"""Average precision against COCO's own evaluation (pycocotools), to 1e-9."""

import contextlib
import io

import numpy as np
import pytest

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.families import METRICS
from diascope.core.geometry import geometry_without_spacing
from diascope.tasks._found_boxes import gather, score_boxes

CLASSES = ("a", "b", "c")


def some_images(seed: int, images: int = 25):
    """Return references ``(N, 5)`` and predictions ``(M, 6)`` of images, some of them empty; equal scores occur."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(images):
        count = rng.integers(0, 7)
        low = rng.uniform(0, 60, (count, 2)).round(1)
        reference = np.column_stack([low, low + rng.uniform(4, 30, (count, 2)).round(1), rng.integers(0, 3, count)])
        near = np.repeat(reference, 2, axis=0)
        near[:, :4] += rng.normal(0, 2.0, (len(near), 4)).round(1)
        near[:, 2:4] = np.maximum(near[:, 2:4], near[:, :2] + 1)
        stray = rng.uniform(0, 60, (rng.integers(0, 5), 2)).round(1)
        stray = np.column_stack([stray, stray + 10, rng.integers(0, 3, len(stray))])
        predicted = np.concatenate([near, stray])
        found.append((reference, np.column_stack([predicted, rng.random(len(predicted)).round(2)])))
    return found


def coco(found) -> tuple[float, float, np.ndarray]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations, results = [], []
    for image, (reference, predicted) in enumerate(found, 1):
        for top, left, bottom, right, label in reference.tolist():
            box = [left, top, right - left, bottom - top]
            area = box[2] * box[3]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image, "category_id": int(label) + 1, "bbox": box}
                | {"area": area, "iscrowd": 0}
            )
        for top, left, bottom, right, label, score in predicted.tolist():
            box = [left, top, right - left, bottom - top]
            results.append({"image_id": image, "category_id": int(label) + 1, "bbox": box, "score": score})
    data = COCO()
    data.dataset = {
        "images": [{"id": n + 1} for n in range(len(found))],
        "annotations": annotations,
        "categories": [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        data.createIndex()
        evaluation = COCOeval(data, data.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # threshold, recall, class; all areas, 100 boxes
    return evaluation.stats[1], evaluation.stats[0], precision[0].mean(axis=0)


def ours(found):
    target, calibration = Target(kind="boxes", classes=CLASSES), Calibration(fitted_on="nothing", cases=0)
    scored = [score_boxes(target, r, p, geometry_without_spacing((99, 99)), calibration) for r, p in found]
    table = {}
    for name in scored[0]:
        column = np.empty(len(scored), object)
        for row, one in enumerate(scored):
            column[row] = one[name].item() if one[name].dtype == object else one[name]
        table[name] = column if scored[0][name].dtype == object else np.stack(list(column))
    return gather(table)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_coco(seed):
    found = some_images(seed)
    at_half, over_all, per_class = coco(found)
    scores = ours(found)
    value, classes = METRICS.load("map50").compute(scores)
    assert value == pytest.approx(at_half, abs=1e-9)
    assert classes == pytest.approx(per_class, abs=1e-9)
    assert METRICS.load("map50_95").compute(scores)[0] == pytest.approx(over_all, abs=1e-9)


def test_a_case_drawn_twice_counts_as_if_it_were_there_twice():
    found = some_images(7, images=12)
    index = np.array([0, 0, 3, 5, 5, 5, 8, 11])
    resampled = ours(found).take(index)
    repeated = ours([found[i] for i in index])
    for name in ("map50", "map50_95", "froc", "count_error"):
        assert METRICS.load(name).compute(resampled)[0] == pytest.approx(METRICS.load(name).compute(repeated)[0])
