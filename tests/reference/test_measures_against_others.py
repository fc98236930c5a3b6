"""Measures of masks against SimpleITK's label statistics and scikit-image's region properties."""

import math

import numpy as np
import pytest

from diascope.core.families import MEASURES
from diascope.core.ports.measure import Region
from diascope.measures.fetal_head import fit_ellipse, outline_mm

sitk = pytest.importorskip("SimpleITK", reason="the oracle comes with the extra 'dev'")


def potato(seed: int, shape: tuple[int, ...], spacing: tuple[float, ...]) -> np.ndarray:
    """Return a smooth, bent, connected shape."""
    rng = np.random.default_rng(seed)
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    extent = min(n * s for n, s in zip(shape, spacing, strict=True))
    mask = np.zeros(shape, bool)
    centre = np.zeros(len(shape))
    for _ in range(4):
        mask |= ((grid - centre) ** 2).sum(-1) <= (extent * rng.uniform(0.14, 0.2)) ** 2
        centre = centre + rng.uniform(-0.12, 0.12, len(shape)) * extent
    return mask


def take(name: str, mask: np.ndarray, spacing: tuple[float, ...], image: np.ndarray | None = None) -> dict:
    found = MEASURES.load(name).compute(Region(mask, spacing_mm=spacing, image=image, unit="HU"), {"unit": "HU"})
    return {key: quantity.value for key, quantity in found.items()}


def label_statistics(mask: np.ndarray, spacing: tuple[float, ...]):
    image = sitk.GetImageFromArray(mask.astype(np.uint8).transpose(*range(mask.ndim)[::-1]))
    image.SetSpacing(spacing)
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.ComputeFeretDiameterOn()
    statistics.Execute(image)
    return statistics


@pytest.mark.parametrize("seed", range(3))
def test_volume_surface_and_sphericity_are_simpleitks(seed: int):
    spacing = (0.9, 0.9, 0.9)
    mask = potato(seed, (40, 40, 30), spacing)
    statistics, shape = label_statistics(mask, spacing), take("shape", mask, spacing)
    volume = take("volume", mask, spacing)["volume"]
    assert volume == pytest.approx(statistics.GetPhysicalSize(1) / 1000, rel=1e-9)
    assert shape["surface_area"] == pytest.approx(statistics.GetPerimeter(1), rel=1e-6)
    assert shape["sphericity"] == pytest.approx(statistics.GetRoundness(1), rel=1e-6)


def ellipsoid(seed: int, spacing: tuple[float, ...]) -> tuple[np.ndarray, float]:
    """Return a turned ellipsoid of revolution and its area."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    wide = rng.uniform(8, 16)
    tall = wide * rng.uniform(0.5, 0.9)
    axes = [(np.arange(n := int(2 * wide / s) + 6) - (n - 1) / 2 + rng.uniform(-0.5, 0.5)) * s for s in spacing]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ Rotation.random(random_state=seed).as_matrix()
    e = math.sqrt(1 - (tall / wide) ** 2)
    return ((grid / [wide, wide, tall]) ** 2).sum(-1) <= 1, 2 * math.pi * wide**2 * (1 + (1 / e - e) * math.atanh(e))


def test_surface_on_flat_voxels_is_nearer_to_the_truth_than_simpleitks():
    """SimpleITK weighs directions in another way there, and errs by three times as much."""
    spacing, errors = (0.8, 0.8, 2.4), []
    for seed in range(12):
        mask, truth = ellipsoid(seed, spacing)
        found = (take("shape", mask, spacing)["surface_area"], label_statistics(mask, spacing).GetPerimeter(1))
        errors.append([abs(area / truth - 1) for area in found])
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 0.015
    assert ours < theirs / 2


@pytest.mark.parametrize("seed", range(3))
def test_largest_diameter_encloses_simpleitks(seed: int):
    spacing = (1.0, 0.8, 1.5)
    mask = potato(seed, (40, 44, 26), spacing)
    found = MEASURES.load("shape").compute(Region(mask, spacing_mm=spacing), {})["max_diameter_3d"]
    feret = label_statistics(mask, spacing).GetFeretDiameter(1)
    assert found.low == pytest.approx(feret, rel=1e-6)
    assert feret <= found.high <= feret + math.hypot(*spacing)


@pytest.mark.parametrize("seed", range(4))
def test_perimeter_and_area_are_scikit_images(seed: int):
    from skimage.measure import perimeter_crofton

    mask = potato(seed, (80, 90), (1.0, 1.0))
    found = take("area", mask, (1.0, 1.0))
    assert found["area"] == mask.sum()
    assert found["perimeter"] == pytest.approx(perimeter_crofton(mask, directions=4), rel=0.01)
    assert take("pixels", mask, (1.0, 1.0))["perimeter"] == found["perimeter"]


def test_ellipse_is_scikit_images():
    from skimage.measure import regionprops

    i, j = np.ogrid[:260, :220]
    u, v = (i - 130) * 0.8 + (j - 110) * 0.6, (j - 110) * 0.8 - (i - 130) * 0.6
    mask = (u / 100) ** 2 + (v / 70) ** 2 <= 1
    axes = fit_ellipse(outline_mm(mask, (1.0, 1.0)))
    assert axes is not None
    properties = regionprops(mask.astype(np.uint8))[0]
    assert 2 * axes[0] == pytest.approx(properties.axis_major_length, abs=0.1)
    assert 2 * axes[1] == pytest.approx(properties.axis_minor_length, abs=0.1)


def test_recist_lies_below_the_largest_diameter_and_near_scikit_images_feret():
    from skimage.measure import regionprops

    mask = potato(1, (80, 90), (1.0, 1.0))
    feret = regionprops(mask.astype(np.uint8))[0].feret_diameter_max
    assert take("recist", mask, (1.0, 1.0))["recist_long"] == pytest.approx(feret, abs=1.0)


def test_statistics_are_simpleitks():
    mask = potato(2, (30, 30, 20), (1, 1, 1))
    image = np.random.default_rng(0).normal(40, 20, mask.shape).astype(np.float32)
    statistics = sitk.LabelStatisticsImageFilter()
    statistics.Execute(sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8)))
    found = take("intensity", mask, (1, 1, 1), image)
    count = mask.sum()
    assert found["mean"] == pytest.approx(statistics.GetMean(1), rel=1e-6)
    assert found["sd"] * math.sqrt(count / (count - 1)) == pytest.approx(statistics.GetSigma(1), rel=1e-6)
    assert (found["min"], found["max"]) == (statistics.GetMinimum(1), statistics.GetMaximum(1))
