"""How the IBSI measures discretise a region, find its slices, and say what is undefined."""

import numpy as np
import pytest

from diascope.core.errors import OptionError
from diascope.core.families import MEASURES
from diascope.core.ports.measure import Region
from diascope.measures._ibsi_levels import BIN_COUNT, MOST_LEVELS, UndefinedError, discretise, grey_levels, intensities
from diascope.measures._ibsi_mesh import ellipsoid_area
from diascope.measures._ibsi_neighbours import count_alike, sum_around
from diascope.measures._slice_axis import slice_axis

TEXTURE = ("ibsi_glcm", "ibsi_glrlm", "ibsi_glszm", "ibsi_gldzm", "ibsi_ngtdm", "ibsi_ngldm")
BAD = [
    {"bin_width": 0.0},
    {"bin_width": -1.0},
    {"bin_width": float("nan")},
    {"bin_width": "25"},
    {"bin_count": 1},
    {"bin_count": 16.0},
    {"bin_count": MOST_LEVELS + 1},
    {"bin_count": 16, "bin_width": 25.0},
    {"intensity_range": (10.0, 10.0)},
    {"intensity_range": (10.0, -10.0)},
    {"intensity_range": (0.0, float("nan"))},
    {"intensity_range": 10.0},
    {"intensity_range": (0, "high")},
    {"intensity_range": (0, 1, 2)},
]


def block(shape: tuple[int, ...] = (7, 6, 5), seed: int = 0) -> Region:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < 0.8
    return Region(
        mask=mask, image=rng.integers(0, 60, shape).astype(np.float32), spacing_mm=(1.0, 1.0, 2.0)[: len(shape)]
    )


def numbers(name: str, region: Region, options: dict) -> dict[str, float]:
    return {key: quantity.value for key, quantity in MEASURES.load(name).compute(region, options).items()}


def test_bins_of_one_width_start_at_the_range_or_at_the_smallest_value():
    values = np.array([10.0, 34.9, 35.0, 60.0])
    assert discretise(values, {"bin_width": 25.0})[0].tolist() == [1, 1, 2, 3]
    assert discretise(values, {"bin_width": 25.0, "intensity_range": (-20.0, None)})[0].tolist() == [2, 3, 3, 4]


def test_a_number_of_bins_covers_the_values_and_the_largest_lies_in_the_last():
    levels, count = discretise(np.array([0.0, 0.24, 0.25, 0.99, 1.0]), {"bin_count": 4})
    assert levels.tolist() == [1, 1, 2, 4, 4]
    assert count == 4


def test_thirty_two_bins_are_taken_if_nothing_is_chosen():
    assert discretise(np.linspace(0, 1, 100), {})[1] == BIN_COUNT == 32


def test_equal_values_have_one_level():
    assert discretise(np.full(3, 7.0), {"bin_count": 8})[1] == 1


def test_too_many_levels_are_undefined_and_name_the_width():
    with pytest.raises(UndefinedError, match=r"bin_width 0\.01"):
        discretise(np.array([0.0, 100.0]), {"bin_width": 0.01})


@pytest.mark.parametrize("options", BAD, ids=str)
def test_option_that_is_no_such_option_is_refused_with_what_was_expected(options: dict):
    with pytest.raises(OptionError) as caught:
        grey_levels(block(), options)
    assert caught.value.expected
    assert caught.value.got is not None


@pytest.mark.parametrize("width", [0, -2.5, float("inf"), "2.5"])
def test_width_of_the_volume_histogram_is_checked(width: object):
    with pytest.raises(OptionError, match="ivh_bin_width"):
        MEASURES.load("ibsi_volume_histogram").compute(block(), {"ivh_bin_width": width})


def test_range_leaves_voxels_out_and_keeps_its_ends():
    image = np.arange(8.0).reshape(2, 2, 2)
    image[0, 0, 0] = np.nan
    region = Region(mask=np.ones((2, 2, 2), bool), image=image)
    values, kept = intensities(region, {"intensity_range": (2, 5)})
    assert values.tolist() == [2, 3, 4, 5]
    assert kept.sum() == 4
    assert region.mask.all()


def test_voxel_without_a_number_makes_all_undefined_unless_a_range_leaves_it_out():
    region = block()
    assert region.image is not None
    region.image[tuple(np.argwhere(region.mask)[0])] = np.nan
    for name in (*TEXTURE, "ibsi_statistics", "ibsi_histogram", "ibsi_volume_histogram", "ibsi_local_intensity"):
        measure = MEASURES.load(name)
        assert {q.why for q in measure.compute(region, {}).values()} == {
            f"1 of {region.mask.sum()} voxels of the region hold no number"
        }
        kept = measure.compute(region, {"intensity_range": (0, None)})
        assert all(np.isfinite(q.value) for q in kept.values())


def test_range_without_a_voxel_says_so():
    found = MEASURES.load("ibsi_glcm").compute(block(), {"intensity_range": (1000, 2000)})
    assert {q.why for q in found.values()} == {"no voxel of the region lies within the range 1000 to 2000"}


def test_shape_without_values_keeps_what_needs_the_mask_alone():
    region = block()
    found = MEASURES.load("ibsi_morphology").compute(region, {"intensity_range": (1000, 2000)})
    undefined = {key for key, q in found.items() if q.why}
    names = ("centre_of_mass_shift", "integrated_intensity", "moran_i", "geary_c")
    assert undefined == {f"morph_{name}" for name in names}


@pytest.mark.parametrize(
    ("spacing", "axis"),
    [
        ((4.6875, 4.6875, 3.27), 2),
        ((3.27, 4.6875, 4.6875), 0),
        ((0.8, 5.0, 0.8004), 1),
        ((0.9, 1.3, 2.5), 2),
        ((2.5, 1.3, 0.9), 0),
        ((1.0, 1.0, 1.0), 2),
    ],
)
def test_slices_have_square_pixels_or_else_the_longest_edge_across(spacing: tuple, axis: int):
    assert slice_axis(spacing) == axis


@pytest.mark.parametrize("name", TEXTURE)
@pytest.mark.parametrize("axis", [0, 1])
def test_slices_lie_across_the_axis_of_the_odd_edge(name: str, axis: int):
    region = block()
    turned = Region(
        mask=np.moveaxis(region.mask, 2, axis),
        image=np.moveaxis(np.asarray(region.image), 2, axis),
        spacing_mm=tuple(np.insert([1.0, 1.0], axis, 2.0)),
    )
    wanted = numbers(name, region, {"bin_count": 8})
    assert numbers(name, turned, {"bin_count": 8}) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", TEXTURE)
def test_picture_is_a_volume_of_one_slice(name: str):
    flat = block((9, 8))
    volume = Region(mask=flat.mask[..., None], image=np.asarray(flat.image)[..., None], spacing_mm=(1.0, 1.0, 2.0))
    found, deep = numbers(name, flat, {"bin_count": 8}), numbers(name, volume, {"bin_count": 8})
    assert set(found) < set(deep)
    assert found == pytest.approx({key: deep[key] for key in found}, rel=1e-12)


def test_one_slice_has_the_same_features_however_slices_are_merged():
    volume = block((9, 8, 1))
    found = numbers("ibsi_glcm", volume, {"bin_count": 8})
    for how, same in (("2_5d_direction_merged", "2d_averaged"), ("2_5d_merged", "2d_slice_merged")):
        assert found[f"glcm_contrast_{how}"] == pytest.approx(found[f"glcm_contrast_{same}"])


def test_single_level_has_no_correlation_and_no_contrast():
    region = Region(mask=np.ones((3, 3, 3), bool), image=np.full((3, 3, 3), 4.0), spacing_mm=(1.0, 1.0, 1.0))
    found = MEASURES.load("ibsi_glcm").compute(region, {})
    assert found["glcm_contrast_3d_merged"].value == 0
    assert found["glcm_inverse_variance_3d_merged"].value == 0
    undefined = {key.removesuffix("_3d_merged") for key, q in found.items() if q.why and key.endswith("_3d_merged")}
    assert undefined == {"glcm_correlation", "glcm_information_correlation_1"}


def test_single_voxel_has_no_neighbours_and_no_axes():
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    region = Region(mask=mask, image=np.ones((3, 3, 3)), spacing_mm=(1.0, 1.0, 1.0))
    for name, why in (("ibsi_glcm", "no voxel of the region has a neighbour in it"), ("ibsi_ngtdm", "no voxel of the")):
        assert all(q.why.startswith(why) for q in MEASURES.load(name).compute(region, {}).values())
    shape = MEASURES.load("ibsi_morphology").compute(region, {})
    assert shape["morph_major_axis_length"].why == "the region is a single voxel"
    assert shape["morph_volume_mesh"].value == pytest.approx(1 / 6)


def test_flat_region_has_no_ellipsoid():
    mask = np.zeros((6, 6, 3), bool)
    mask[1:5, 1:4, 1] = True
    region = Region(mask=mask, image=np.random.default_rng(0).random((6, 6, 3)), spacing_mm=(1.0, 1.0, 2.0))
    found = MEASURES.load("ibsi_morphology").compute(region, {})
    assert found["morph_least_axis_length"].value == found["morph_flatness"].value == 0
    assert found["morph_volume_density_ellipsoid"].why == "the voxels' centres lie in one plane"


def test_sum_and_count_of_neighbours_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    grey = rng.integers(0, 4, (4, 5, 6)).astype(np.int32)
    padded = np.pad(grey, 1, constant_values=-1)
    for in_space in (True, False):
        summed, alike = sum_around(grey, in_space=in_space), count_alike(grey, in_space=in_space)
        for place in np.ndindex(grey.shape):
            k, i, j = place
            around = padded[k : k + 3, i : i + 3, j : j + 3] if in_space else padded[k + 1, i : i + 3, j : j + 3]
            assert summed[place] == np.maximum(around, 0).sum() - grey[place]
            assert alike[place] == np.count_nonzero(around == grey[place]) - 1


def test_series_of_the_manual_is_exact_for_a_ball_alone():
    assert ellipsoid_area(2.0, 2.0, 2.0) == pytest.approx(16 * np.pi)
    assert ellipsoid_area(1.0, 1.0, 0.5) == pytest.approx(1.238 * 8.672, rel=1e-3)
