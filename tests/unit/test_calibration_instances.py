"""Objects from maps, and the thresholds that separate them best."""

import numpy as np
import pytest
from made_nuclei import nuclei

from diascope.calibration import nothing_fitted
from diascope.calibration.instances import Thresholds, fit_instances, separate
from diascope.core.instances import match_instances
from diascope.core.ports.task import Head

HEAD = Head(("foreground", "depth", "contact"), "sigmoid")


def true_maps(instances: np.ndarray) -> np.ndarray:
    """Return the maps that a perfect network would give."""
    torch = pytest.importorskip("torch")
    from diascope.losses.instances import make_maps

    maps = make_maps(torch.from_numpy(instances.astype(np.int64))[None])
    every = torch.stack([maps.foreground, maps.depth, maps.contact], 1)[0]
    return (every.numpy() * 255).round().astype(np.uint8)


def quality(reference: np.ndarray, prediction: np.ndarray) -> float:
    found = match_instances(reference, prediction)
    return 2 * found["iou"] / (found["reference"] + found["prediction"])


@pytest.mark.parametrize("shape", [(64, 64), (24, 32, 32)])
def test_true_maps_give_the_objects_back(shape: tuple[int, ...]):
    for seed in range(3):
        instances = nuclei(seed, shape).instances
        assert quality(instances, separate(true_maps(instances), Thresholds())) > (0.9 if len(shape) == 2 else 0.8)


def test_touching_discs_are_two_objects():
    rows, columns = np.mgrid[:30, :50]
    instances = ((rows - 15) ** 2 + (columns - 15) ** 2 < 100).astype(int)
    instances[(rows - 15) ** 2 + (columns - 34) ** 2 < 100] = 2
    found = separate(true_maps(instances), Thresholds())
    assert found.max() == 2
    assert (found > 0).sum() == (instances > 0).sum()


def test_small_objects_are_dropped_and_the_others_numbered_without_gaps():
    maps = np.zeros((3, 20, 30), np.uint8)
    maps[:2, 2:4, 2:4], maps[:2, 8:14, 3:9], maps[:2, 8:14, 20:26] = 255, 255, 255
    assert np.unique(separate(maps, Thresholds(smallest=5))).tolist() == [0, 1, 2]
    assert separate(maps, Thresholds()).max() == 3


def test_empty_maps_give_no_objects():
    assert not separate(np.zeros((3, 9, 9), np.uint8), Thresholds()).any()


def test_part_without_a_mark_is_an_object_of_its_own():
    maps = np.zeros((3, 10, 10), np.uint8)
    maps[0, 2:5, 2:5] = 200
    assert separate(maps, Thresholds()).max() == 1


def test_fit_finds_the_foreground_that_outlines_best():
    references = [nuclei(seed).instances.astype(np.int32) for seed in range(3)]
    maps = []
    for reference in references:
        made = true_maps(reference)
        made[0] = np.where(reference > 0, 255, 140)  # a network that is too sure of the background
        maps.append(made)
    calibration = fit_instances(nothing_fitted(), maps, references, HEAD)
    assert calibration.numbers["foreground"][0] > 140 / 255
    assert Thresholds.of(calibration).smallest >= 1


def test_fit_without_any_object_keeps_the_defaults():
    maps, empty = np.zeros((3, 9, 9), np.uint8), np.zeros((9, 9), np.int32)
    assert Thresholds.of(fit_instances(nothing_fitted(), [maps], [empty], HEAD)) == Thresholds()


def test_nothing_fitted_means_the_defaults():
    assert Thresholds.of(nothing_fitted()) == Thresholds()
