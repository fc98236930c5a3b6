"""Boxes from windows: no seam cuts one, and views that agree make one."""

from types import SimpleNamespace

import numpy as np
import pytest

from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.predict.answers.boxes import ANSWER
from diascope.transforms.prepare import Recipe, prepare

LOW = -20.0


def finds_bright(batch: np.ndarray) -> np.ndarray:
    """Box every bright region of a window as a perfect network would: what the window does not show is not in it."""
    from scipy.ndimage import find_objects, label

    n = batch.ndim - 2
    regions, count = label(batch[0, 0] > 0.5)
    found = np.zeros((1, 2 + 3 * n + 1, max(1, count)))
    found[:, :2] = LOW
    for place, region in enumerate(find_objects(regions)):
        found[0, 0, place] = 3.0
        found[0, 2 : 2 + n, place] = [s.start for s in region]
        found[0, 2 + n : 2 + 2 * n, place] = [s.stop for s in region]
    return found.astype(np.float32)


def answer(image: np.ndarray, window: tuple[int, ...], *, mirror: tuple[int, ...] = (), members=(finds_bright,)):
    predictor = SimpleNamespace(
        members=members, mirror=mirror, plan={"predict.window": list(window), "predict.overlap": 0.5}
    )
    geometry = geometry_without_spacing(image.shape)
    recipe = Recipe(channels=("image",))
    prepared = prepare({"image": Image(image[None].astype(np.float32), geometry)}, recipe)
    return ANSWER.predict(predictor, [prepared], lambda done, total: None)[0]


def with_boxes(shape: tuple[int, ...], boxes: np.ndarray) -> np.ndarray:
    image = np.zeros(shape)
    n = len(shape)
    for box in boxes.astype(int):
        image[tuple(slice(a, b) for a, b in zip(box[:n], box[n:], strict=True))] = 1
    return image


@pytest.mark.parametrize("mirror", [(), (0, 1)])
def test_no_seam_cuts_a_box_wherever_it_lies(mirror):
    every = np.array([[y, x, y + 20, x + 24] for y in range(3, 200, 37) for x in range(5, 280, 41)], float)
    found = answer(with_boxes((240, 320), every), (64, 96), mirror=mirror)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    assert found[:, :4].tolist() == every.tolist()
    assert found[:, 4].tolist() == [0] * len(every)
    assert found[:, 5] == pytest.approx(1 / (1 + np.exp(-3)), abs=0.01)


def test_no_seam_cuts_a_box_of_a_volume():
    every = np.array([[2, 3, 4, 12, 15, 10], [28, 30, 20, 38, 44, 34], [14, 40, 2, 30, 54, 12]], float)
    found = answer(with_boxes((40, 60, 40), every), (32, 32, 24))
    assert sorted(found[:, :6].tolist()) == sorted(every.tolist())


def test_object_larger_than_a_window_becomes_one_box():
    every = np.array([[20, 10, 40, 300]], float)
    found = answer(with_boxes((64, 320), every), (64, 96))
    assert found[:, :4].tolist() == every.tolist()


def test_box_at_the_border_of_the_image_is_whole():
    every = np.array([[0, 0, 10, 12], [50, 100, 60, 128]], float)
    found = answer(with_boxes((60, 128), every), (64, 96))
    assert sorted(found[:, :4].tolist()) == sorted(every.tolist())


def test_finding_of_one_member_of_two_has_half_the_score():
    def finds_nothing(batch):
        return finds_bright(np.zeros_like(batch))

    every = np.array([[10, 10, 30, 30]], float)
    alone, half = (
        answer(with_boxes((64, 64), every), (64, 64), members=m)
        for m in ((finds_bright,), (finds_bright, finds_nothing))
    )
    assert half[0, 5] == pytest.approx(alone[0, 5] / 2)


def test_image_without_anything_gives_no_box():
    assert answer(np.zeros((70, 90)), (64, 64)).shape == (0, 6)
