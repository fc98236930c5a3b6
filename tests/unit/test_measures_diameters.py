"""RECIST diameters of regions whose diameters are known."""

import numpy as np
import pytest

from diascope.measures._diameters import recist_axes


def ellipsoid(shape, centre, radii_mm, spacing_mm, angle=0.0):
    """Return the mask of an ellipsoid turned by ``angle`` in its first two axes."""
    grid = [(g - c) * s for g, c, s in zip(np.ogrid[tuple(slice(n) for n in shape)], centre, spacing_mm, strict=True)]
    u = grid[0] * np.cos(angle) + grid[1] * np.sin(angle)
    v = -grid[0] * np.sin(angle) + grid[1] * np.cos(angle)
    rest = [(g / r) ** 2 for g, r in zip(grid[2:], radii_mm[2:], strict=True)]
    return (u / radii_mm[0]) ** 2 + (v / radii_mm[1]) ** 2 + sum(rest) <= 1


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8, 1.4])
def test_axes_of_an_ellipsoid_are_its_diameters_within_a_voxel(angle):
    spacing = (0.8, 0.8, 3.0)
    axes = recist_axes(ellipsoid((60, 60, 11), (30.2, 29.7, 5), (18, 9, 10), spacing, angle), spacing)
    assert axes.long_mm == pytest.approx(36, abs=0.8)
    assert axes.short_mm == pytest.approx(18, abs=0.8)
    assert (axes.axis, axes.slice_number) == (2, 5)


def test_diameter_of_discs_is_less_than_a_voxel_too_long():
    rng = np.random.default_rng(0)
    for _ in range(40):
        radius, centre = rng.uniform(5, 12), rng.uniform(19.5, 20.5, 2)
        mask = ellipsoid((40, 40), centre, (radius, radius), (1, 1))
        assert 0 < recist_axes(mask, (1, 1)).long_mm - 2 * radius < 1


def test_one_voxel_is_one_voxel_long():
    mask = np.zeros((5, 5, 5), bool)
    mask[2, 3, 1] = True
    axes = recist_axes(mask, (0.5, 0.7, 2.0))
    assert axes.long_mm == pytest.approx(0.7)
    assert axes.short_mm == pytest.approx(0.5)


def test_the_long_axis_stays_in_the_plane():
    mask = np.zeros((20, 20, 20), bool)
    mask[8:12, 8:12, :] = True
    assert recist_axes(mask, (1, 1, 1)).long_mm < 6
    assert recist_axes(mask, (1, 1, 1), axis=0).long_mm > 20


def test_slices_thinner_than_their_pixels_are_found_by_the_square_pixels():
    mask = np.zeros((20, 20, 20), bool)
    mask[8:10, 8:10, :] = True  # upright: long across the slices only
    axes = recist_axes(mask, (4.0, 4.0, 3.0))
    assert axes.axis == 2
    assert axes.long_mm < 16


def test_two_parts_in_one_slice_are_not_measured_across():
    mask = np.zeros((30, 8), bool)
    mask[2:5, 2:5] = mask[24:28, 2:5] = True
    assert recist_axes(mask, (1, 1)).long_mm < 6


def test_empty_mask_gives_nan():
    axes = recist_axes(np.zeros((4, 4, 4), bool), (1, 1, 1))
    assert np.isnan(axes.long_mm)
    assert np.isnan(axes.short_mm)
    assert axes.slice_number == -1


def test_short_axis_is_perpendicular_to_the_long_one():
    mask = ellipsoid((50, 50), (25, 25), (20, 7), (1, 1), 0.5)
    axes = recist_axes(mask, (1, 1))
    long, short = axes.long_ends[1] - axes.long_ends[0], axes.short_ends[1] - axes.short_ends[0]
    assert abs(long @ short) < 1e-6 * np.linalg.norm(long) * np.linalg.norm(short)
