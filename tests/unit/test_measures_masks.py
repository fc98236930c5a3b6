"""Numbers of masks whose truth is known: balls, ellipses, boxes."""

import math

import numpy as np
import pytest

from diascope.core.families import MEASURES
from diascope.core.ports.measure import Region
from diascope.measures._crofton import border_measure
from diascope.measures.fetal_head import ellipse_length


def measure(plugin: str, mask: np.ndarray, spacing: tuple[float, ...] | None, **more):
    return MEASURES.load(plugin).compute(Region(mask, spacing_mm=spacing, **more), {})


def ball(radius_mm: float, spacing: tuple[float, ...], shift: tuple[float, ...] | None = None) -> np.ndarray:
    counts = [int(2 * radius_mm / s) + 6 for s in spacing]
    moved = shift or (0.0,) * len(spacing)
    axes = [(np.arange(n) - (n - 1) / 2 + o) * s for n, s, o in zip(counts, spacing, moved, strict=True)]
    return sum(a**2 for a in np.ix_(*axes)) <= radius_mm**2


def ellipse(half: tuple[float, float], turn: float, pixel: float, shift: np.ndarray) -> np.ndarray:
    count = int(2 * half[0] / pixel) + 20
    i, j = np.ogrid[:count, :count]
    x, y = ((axis - (count - 1) / 2 + s) * pixel for axis, s in zip((i, j), shift, strict=True))
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return (u / half[0]) ** 2 + (v / half[1]) ** 2 <= 1


@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.8, 0.8, 2.0)])
@pytest.mark.parametrize("radius", [12, 20])
def test_ball_has_its_volume_inside_the_bounds_and_its_area_within_one_percent(spacing, radius):
    found = measure("volume", mask := ball(radius, spacing, (0.2, -0.3, 0.4)), spacing)["volume"]
    truth = 4 / 3 * math.pi * radius**3 / 1000
    assert found.value == pytest.approx(truth, rel=0.01)
    assert found.low < truth < found.high
    shape = measure("shape", mask, spacing)
    assert shape["surface_area"].value == pytest.approx(4 * math.pi * radius**2, rel=0.01)
    assert shape["sphericity"].value == pytest.approx(1, abs=0.01)
    assert shape["max_diameter_3d"].low <= 2 * radius <= shape["max_diameter_3d"].high


@pytest.mark.parametrize("spacing", [(1, 1), (0.4, 0.7)])
def test_disc_has_its_area_and_perimeter_within_one_percent(spacing):
    found = measure("area", ball(20, spacing, (0.3, -0.2)), spacing)
    assert found["area"].value == pytest.approx(math.pi * 400, rel=0.01)
    assert found["perimeter"].value == pytest.approx(2 * math.pi * 20, rel=0.01)


def test_border_at_the_edge_of_the_image_counts_and_a_box_is_the_worst_shape():
    assert border_measure(np.ones((200, 200), bool), (1, 1)) == pytest.approx(800, rel=0.055)
    assert border_measure(np.ones((60, 60, 60), bool), (1, 1, 1)) == pytest.approx(6 * 60**2, rel=0.085)


def test_probabilities_give_the_bounds_of_the_volume():
    probability = np.zeros((6, 6, 6))
    probability[1:5, 1:5, 1:5] = 0.1
    probability[2:4, 2:4, 2:4] = 0.6
    probability[2, 2, 2] = 0.99
    found = measure("volume", probability >= 0.5, (10, 10, 10), probability=probability)["volume"]
    assert (found.low, found.value, found.high) == (1, 8, 64)


def test_sphericity_of_few_voxels_is_undefined():
    found = measure("shape", np.ones((2, 2, 2), bool), (1, 1, 1))["sphericity"]
    assert math.isnan(found.value)
    assert "27 voxels" in found.why


@pytest.mark.parametrize("pixel", [0.2, 0.3, 0.5])
def test_head_circumference_of_ellipses_is_right_to_a_tenth_of_a_millimetre(pixel):
    rng, errors = np.random.default_rng(0), []
    for _ in range(12):
        long = rng.uniform(35, 55)
        half = (long, long * rng.uniform(0.7, 0.9))
        mask = ellipse(half, rng.uniform(0, math.pi), pixel, rng.uniform(-0.5, 0.5, 2))
        found = measure("fetal_head", mask, (pixel, pixel))
        errors.append(found["head_circumference"].value - ellipse_length(*half))
        assert found["bpd"].value == pytest.approx(2 * half[1], abs=0.1)
        assert found["ofd"].value == pytest.approx(2 * half[0], abs=0.1)
    assert np.abs(errors).mean() < 0.1


def test_head_that_the_image_cuts_off_is_fitted_to_the_outline_that_is_there():
    mask = ellipse((45, 36), 0.4, 0.3, np.zeros(2))[40:]
    found = measure("fetal_head", mask, (0.3, 0.3))
    assert found["head_circumference"].value == pytest.approx(ellipse_length(45, 36), abs=0.5)


def test_speck_beside_the_head_and_hole_in_it_change_nothing():
    mask = ellipse((45, 36), 0.4, 0.5, np.zeros(2))
    clean = measure("fetal_head", mask, (0.5, 0.5))["head_circumference"].value
    mask[2:5, 2:5] = True
    middle = mask.shape[0] // 2
    mask[middle : middle + 9, middle : middle + 9] = False
    assert measure("fetal_head", mask, (0.5, 0.5))["head_circumference"].value == clean


def test_circle_has_the_length_of_a_circle():
    assert ellipse_length(3, 3) == pytest.approx(6 * math.pi)


def test_cup_to_disc_is_the_same_for_a_whole_disc_and_for_its_rim():
    disc, cup = np.zeros((40, 50), bool), np.zeros((40, 50), bool)
    disc[5:25, 10:35], cup[10:20, 15:25] = True, True
    for other in (disc, disc & ~cup):
        found = measure("cup_to_disc", cup, None, others={"Optic Disc": other}, name="Optic Cup", vertical=0)
        values = [q.value for q in found.values()]
        assert values == [10 / 20, 10 / 25, 100 / 500]


def turned(*columns: tuple[float, float, float]) -> np.ndarray:
    """Return an affine whose first two axes run as given."""
    affine = np.eye(4)
    affine[:3, :2] = np.array(columns).T
    affine[:3, 2] = np.cross(*columns)
    return affine


@pytest.mark.parametrize(
    ("affine", "vertical"),
    [
        (np.diag([0.1, 0.1, 1, 1]), 1),  # NIfTI: the first axis runs from left to right
        (np.diag([-1.0, -1, 1, 1]), 1),
        (turned((0, -1, 0), (-1, 0, 0)), 0),  # a colour picture in DICOM: rows first
        (turned((0, 0, -1), (-1, 0, 0)), 0),
        (turned((1, 0, 0), (0, 0, 1)), 1),
        (turned((1, 1, 0), (-1, 1, 0)), None),
        (turned((0, 1, 0), (0, 0, 1)), None),
        (None, None),
    ],
)
def test_vertical_ratio_is_along_the_axis_that_the_affine_calls_so(affine, vertical):
    disc, cup = np.zeros((40, 50), bool), np.zeros((40, 50), bool)
    disc[5:25, 10:35], cup[10:20, 15:25] = True, True
    found = measure("cup_to_disc", cup, None, others={"disc": disc}, name="cup", affine=affine)
    ratios = [found[name].value for name in ("vertical_cup_to_disc", "horizontal_cup_to_disc")]
    assert found["area_cup_to_disc"].value == 100 / 500
    if vertical is None:
        assert np.isnan(ratios).all()
        assert "top to bottom" in found["vertical_cup_to_disc"].why
    else:
        assert ratios == ([0.5, 0.4] if vertical == 0 else [0.4, 0.5])


def test_disc_has_no_cup_to_disc_ratio_and_a_missing_disc_is_named():
    mask = np.ones((4, 4), bool)
    assert measure("cup_to_disc", mask, None, name="disc") == {}
    found = measure("cup_to_disc", mask, None, name="cup")["vertical_cup_to_disc"]
    assert math.isnan(found.value)
    assert "disc" in found.why
