"""Where mask metrics are undefined, and what a miss costs."""

import math

import numpy as np
import pytest

from diascope.core.families import METRICS

SPACING = (1.0, 1.0, 1.0)


def compute(name, reference, prediction, spacing=SPACING):
    return METRICS.load(name).compute(reference, prediction, spacing)


@pytest.fixture
def empty():
    return np.zeros((5, 5, 5), bool)


@pytest.fixture
def cube(empty):
    mask = empty.copy()
    mask[1:4, 1:4, 1:4] = True
    return mask


@pytest.mark.parametrize("name", ["dice", "surface_dice", "hd95_mm"])
def test_both_masks_empty_gives_nan(name, empty):
    assert math.isnan(compute(name, empty, empty))


def test_both_masks_empty_is_a_volume_error_of_zero(empty):
    assert compute("volume_error_ml", empty, empty) == 0


@pytest.mark.parametrize("name", ["dice", "surface_dice"])
def test_one_empty_mask_gives_zero_overlap(name, empty, cube):
    assert compute(name, empty, cube) == 0
    assert compute(name, cube, empty) == 0


def test_one_empty_mask_has_no_distance(empty, cube):
    assert math.isnan(compute("hd95_mm", empty, cube))
    assert math.isnan(compute("hd95_mm", cube, empty))


def test_area_of_a_slice_is_no_volume():
    mask = np.ones((4, 4), bool)
    assert math.isnan(compute("volume_error_ml", mask, mask, (1.0, 1.0)))


def test_volume_error_is_in_millilitres(empty, cube):
    assert compute("volume_error_ml", cube, empty, (2.0, 5.0, 10.0)) == pytest.approx(27 * 100 / 1000)


def test_shift_by_one_voxel_of_one_millimetre_is_within_tolerance_through_a_float32_header(cube):
    moved = np.roll(cube, 1, axis=0)
    assert compute("surface_dice", cube, moved) == 1
    assert compute("surface_dice", cube, moved, (1.0 + 6e-8, 1.0, 1.0)) == 1
    assert compute("surface_dice", cube, moved, (1.01, 1.0, 1.0)) < 1


def test_structure_that_fills_the_image_has_a_border_at_its_edge():
    full = np.ones((4, 4, 4), bool)
    assert compute("surface_dice", full, full) == 1
    assert compute("hd95_mm", full, full) == 0
