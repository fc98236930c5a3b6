"""Grids: what is refused, what is the same, what is said of them; images and label arrays on them."""

import numpy as np
import pytest

from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry, check_same_grid, geometry_without_spacing
from diascope.core.image import Image, label_array

AFFINE = np.array([[0, -0.5, 0, 1], [0.7, 0, 0, 2], [0, 0, 3, 3], [0, 0, 0, 1.0]])
GRID = Geometry((10, 20, 30), AFFINE)


def moved(mm: float) -> Geometry:
    affine = AFFINE.copy()
    affine[0, 3] += mm
    return Geometry(GRID.shape, affine)


def test_spacing_is_the_length_of_the_columns() -> None:
    assert GRID.spacing_mm == pytest.approx((0.7, 0.5, 3))
    assert Geometry((10, 20), AFFINE).spacing_mm == pytest.approx((0.7, 0.5))


def test_without_spacing_there_are_steps_but_no_millimetres() -> None:
    grid = geometry_without_spacing((4, 5))
    assert grid.spacing_mm is None
    assert grid.steps == (1, 1)
    assert "unknown" in grid.describe()


def test_corners_lie_where_the_affine_puts_them() -> None:
    corners = GRID.corners()
    assert corners.shape == (8, 3)
    np.testing.assert_allclose(corners[0], [1, 2, 3])
    np.testing.assert_allclose(corners[-1], [1 - 0.5 * 19, 2 + 0.7 * 9, 3 + 3 * 29])
    assert Geometry((10, 20), AFFINE).corners().shape == (4, 3)


@pytest.mark.parametrize(
    "affine",
    [np.eye(3), np.full((4, 4), np.nan), np.zeros((4, 4)), np.diag([1, 1, 0, 1]), np.array([[1, 2, 0, 0]] * 4, float)],
)
def test_an_affine_without_volume_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(GeometryError):
        Geometry((2, 2, 2), affine)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3])
def test_nanometres_are_a_volume_too(scale: float) -> None:
    assert Geometry((2, 2, 2), np.diag([scale, scale, scale, 1])).spacing_mm == pytest.approx((scale,) * 3)


def test_left_handed_grids_are_grids() -> None:
    assert Geometry((2, 2, 2), np.diag([-1, 1, 1, 1.0])).spacing_mm == (1, 1, 1)


def test_the_affine_cannot_be_changed_and_is_not_shared() -> None:
    with pytest.raises(ValueError, match="read-only"):
        GRID.affine[0, 0] = 5


def test_float32_headers_are_the_same_grid_and_a_hundredth_voxel_is_not() -> None:
    assert GRID.is_same_grid(Geometry(GRID.shape, AFFINE.astype(np.float32)))
    assert GRID.is_same_grid(moved(0.0004))
    assert not GRID.is_same_grid(moved(0.005))
    assert not GRID.is_same_grid(Geometry((10, 20, 31), AFFINE))


def test_a_small_turn_far_from_the_origin_is_noticed_at_the_corners() -> None:
    turn = np.eye(4)
    angle = 1e-4
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert not GRID.is_same_grid(Geometry(GRID.shape, AFFINE @ turn))


def test_without_spacing_only_the_shape_counts() -> None:
    assert geometry_without_spacing((10, 20, 30)).is_same_grid(GRID)
    assert not geometry_without_spacing((10, 20, 31)).is_same_grid(GRID)


def test_another_grid_is_refused_with_both() -> None:
    check_same_grid(GRID, GRID, ("image", "mask"))
    with pytest.raises(GeometryError) as caught:
        check_same_grid(GRID, moved(1), ("image", "mask"))
    message = caught.value.describe()
    assert "origin (1, 2, 3)" in message
    assert "origin (2, 2, 3)" in message
    assert "mask lies on another grid than image" in message


def test_an_array_must_fit_its_grid() -> None:
    with pytest.raises(GeometryError, match="different shapes"):
        Image(np.zeros((1, 4, 5)), geometry_without_spacing((5, 4)))


def test_images_are_copied_with_changes() -> None:
    image = Image(np.zeros((2, 4, 5)), geometry_without_spacing((4, 5)), unit="HU")
    assert image.channels == 2
    other = image.with_array(np.ones((1, 4, 5))).with_note("One.").with_note("Two.")
    assert (other.channels, other.unit, other.notes) == (1, "HU", ("One.", "Two."))
    assert image.notes == ()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float32", "float64"])
def test_label_arrays_are_whole_numbers(dtype: str) -> None:
    array = np.array([[[0, 1], [1, 0]]]).astype(dtype)
    labels = label_array(Image(array, geometry_without_spacing((2, 2))))
    assert np.issubdtype(labels.dtype, np.integer)
    np.testing.assert_array_equal(labels, [[0, 1], [1, 0]])


@pytest.mark.parametrize("values", [[0.5, 1], [np.nan, 1], [np.inf, 0]])
def test_fractions_are_no_labels(values: list[float]) -> None:
    with pytest.raises(GeometryError, match="whole numbers"):
        label_array(Image(np.array([[values]]), geometry_without_spacing((1, 2))))


def test_several_channels_are_no_label_map() -> None:
    with pytest.raises(GeometryError, match="one channel"):
        label_array(Image(np.zeros((2, 1, 2)), geometry_without_spacing((1, 2))))
