"""Numbers of the image's values inside a mask."""

import math

import numpy as np
import pytest

from diascope.core.families import MEASURES
from diascope.core.ports.measure import Region
from diascope.measures.pet import _ball, peak


def pet(image: np.ndarray, mask: np.ndarray, spacing=(4.0, 4.0, 4.0), **options):
    return MEASURES.load("pet").compute(Region(mask, spacing_mm=spacing, image=image, unit="SUV"), options)


def lesion() -> tuple[np.ndarray, np.ndarray]:
    image = np.ones((15, 15, 15))
    image[4:11, 4:11, 4:11] = np.linspace(2, 8, 343).reshape(7, 7, 7)
    return image, image >= 2


@pytest.mark.parametrize("spacing", [(4, 4, 4), (2.7, 2.7, 3.3), (1, 1, 5)])
def test_sphere_of_the_peak_holds_one_millilitre(spacing):
    assert _ball(spacing).sum() * math.prod(spacing) == pytest.approx(1000, rel=0.005)


def test_peak_of_a_ramp_is_the_value_at_its_highest_centre():
    image = np.broadcast_to(np.arange(30.0)[:, None, None], (30, 20, 20)).copy()
    mask = np.zeros(image.shape, bool)
    mask[10:16, 8:12, 8:12] = True
    assert peak(image, mask, (2.0, 2.0, 2.0)) == pytest.approx(15)


def test_sphere_that_reaches_out_of_the_image_counts_what_is_inside():
    mask = np.zeros((9, 9, 9), bool)
    mask[0, 0, 0] = True
    assert peak(np.full((9, 9, 9), 3.0), mask, (3, 3, 3)) == pytest.approx(3)


def test_hot_spot_raises_the_maximum_more_than_the_peak():
    image, mask = lesion()
    image[7, 7, 7] = 50
    found = pet(image, mask)
    assert found["suv_max"].value == 50
    assert found["suv_peak"].value < 20


def test_threshold_cuts_volume_mean_and_glycolysis():
    image, mask = lesion()
    whole, cut = pet(image, mask), pet(image, mask, threshold_suv=5.0)
    above = image[mask & (image >= 5)]
    assert whole["metabolic_volume"].value == pytest.approx(343 * 0.064)
    assert cut["metabolic_volume"].value == pytest.approx(len(above) * 0.064)
    assert cut["suv_mean"].value == pytest.approx(above.mean())
    assert cut["total_lesion_glycolysis"].value == pytest.approx(above.mean() * len(above) * 0.064)
    assert cut["suv_max"].value == whole["suv_max"].value
    part = pet(image, mask, threshold_percent=62.5)
    assert part["metabolic_volume"].value == cut["metabolic_volume"].value


def test_threshold_that_nothing_reaches_leaves_no_volume_and_no_mean():
    found = pet(*lesion(), threshold_suv=100.0)
    assert found["metabolic_volume"].value == 0
    assert math.isnan(found["suv_mean"].value)
    assert "threshold" in found["suv_mean"].why


def test_intensity_without_a_unit_says_arbitrary():
    image, mask = lesion()
    found = MEASURES.load("intensity").compute(Region(mask, image=image), {})
    assert {q.unit for q in found.values()} == {"a.u."}
    assert found["p50"].value == pytest.approx(5)


def test_integer_images_are_averaged_without_overflow():
    image = np.full((40, 40), 250, np.uint8)
    found = MEASURES.load("intensity").compute(Region(image > 0, image=image), {})
    assert found["mean"].value == 250
    assert found["sd"].value == 0
