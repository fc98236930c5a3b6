"""Resampling against scikit-image (what nnU-Net calls), SimpleITK and the per-class definition."""

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.transform import resize

from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.transforms.resample import resample, resample_labels, resample_to

SHAPES = [((24, 31, 18), (32, 40, 25)), ((40, 33, 30), (21, 17, 30)), ((5, 40, 40), (9, 33, 50)), ((60, 47), (33, 90))]


def blobs(shape: tuple[int, ...], sigma: float, classes: int = 0, seed: int = 0) -> NDArray:
    smooth = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    if not classes:
        return smooth.astype(np.float32)
    return ((smooth / smooth.std() + 1.5) * classes / 3).clip(0, classes - 1).astype(np.int16)


def argmax_of_indicators(labels: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, NDArray]:
    """Return the winning label and by how much it leads."""
    values = np.unique(labels)
    scores = np.stack(
        [resize((labels == v).astype(float), shape, 1, mode="edge", clip=True, anti_aliasing=False) for v in values]
    )
    top = np.sort(scores, axis=0)[-2:]
    return values[scores.argmax(0)], top[1] - top[0]


@pytest.mark.parametrize(("old", "new"), SHAPES)
@pytest.mark.parametrize("order", [0, 1, 3])
def test_image_equals_skimage_resize(old: tuple[int, ...], new: tuple[int, ...], order: int) -> None:
    image = blobs(old, 1.0)[None] * 300 - 700
    ours = resample(image, new, order=order)[0]
    theirs = resize(image[0].astype(float), new, order, mode="edge", clip=True, anti_aliasing=False)
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4 * image.std()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_separate_axis_is_cubic_in_the_slice_and_nearest_across(axis: int) -> None:
    image = blobs((9, 20, 22), 1.5)
    new = [30, 31, 33]
    new[axis] = 14
    within = np.moveaxis(image, axis, 0)
    size = [n for a, n in enumerate(new) if a != axis]
    slices = np.stack([resize(s.astype(float), size, 3, mode="edge", anti_aliasing=False) for s in within])
    nearest = np.clip(np.floor((np.arange(14) + 0.5) * len(within) / 14), 0, len(within) - 1).astype(int)
    expected = np.moveaxis(slices[nearest], 0, axis)
    assert np.abs(resample(image[None], new, separate_axis=axis)[0] - expected).max() < 1e-4 * image.std()


@pytest.mark.parametrize(("old", "new"), SHAPES)
@pytest.mark.parametrize("classes", [2, 5, 17])
def test_labels_equal_the_argmax_of_each_class(old: tuple[int, ...], new: tuple[int, ...], classes: int) -> None:
    labels = blobs(old, 1.5, classes)
    winner, lead = argmax_of_indicators(labels, new)
    ours = resample_labels(labels, new)
    assert ours.dtype == labels.dtype
    clear = lead > 1e-4
    assert np.array_equal(ours[clear], winner[clear])
    assert clear.mean() > 0.9


def test_labels_of_pure_noise_equal_the_argmax_too() -> None:
    labels = np.random.default_rng(0).integers(0, 9, (11, 12, 13)) * 1000 - 3000
    winner, lead = argmax_of_indicators(labels, (17, 9, 23))
    clear = lead > 1e-4
    assert np.array_equal(resample_labels(labels, (17, 9, 23))[clear], winner[clear])


def as_sitk(array: NDArray, geometry: Geometry) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine
    image.SetSpacing(geometry.steps)
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / np.array(geometry.steps)).ravel().tolist())
    return image


def by_sitk(array: NDArray, old: Geometry, new: Geometry, outside: float) -> NDArray:
    grid = as_sitk(np.zeros(new.shape, np.float32), new)
    moved = sitk.Resample(as_sitk(array, old), grid, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkFloat32)
    return sitk.GetArrayFromImage(moved).transpose(2, 1, 0)


def grid(shape: tuple[int, ...], spacing: tuple[float, ...], turn: NDArray, origin: tuple[float, ...]) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(spacing)
    affine[:3, 3] = origin
    return Geometry(shape, affine)


def rotation(about_z: float, about_x: float) -> NDArray:
    c, s, d, t = np.cos(about_z), np.sin(about_z), np.cos(about_x), np.sin(about_x)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, d, -t], [0, t, d]])


OLD = grid((30, 36, 20), (1, 1.2, 2.0), np.eye(3), (5, -3, 2))
NEW = {
    "shifted": grid((40, 34, 41), (0.83, 1.47, 1.13), np.eye(3), (2.03, 1.01, -3.02)),
    "axes in another order and direction": grid(
        (38, 44, 31), (0.93, 1.03, 1.21), np.array([[0, -1.0, 0], [0, 0, 1], [1, 0, 0]]), (37.03, 0.01, 0.02)
    ),
    "oblique": grid((40, 34, 31), (0.9, 1.5, 1.1), rotation(0.3, 0.2), (8, 1, -3)),
}


@pytest.mark.parametrize("case", NEW)
def test_image_on_another_grid_equals_simpleitk(case: str) -> None:
    image = blobs(OLD.shape, 1.5) * 100
    ours = resample_to(Image(image[None], OLD), NEW[case], labels=False)
    theirs = by_sitk(image, OLD, NEW[case], float(image.min()))
    assert ours.geometry is NEW[case]
    assert np.abs(ours.array[0] - theirs).max() < 1e-4 * image.std()
    assert 0.05 < (theirs == image.min()).mean() < 0.95  # both inside and outside were compared


@pytest.mark.parametrize("case", NEW)
def test_labels_on_another_grid_equal_simpleitk_class_by_class(case: str) -> None:
    labels = blobs(OLD.shape, 2.0, 6)
    ours = resample_to(Image(labels[None], OLD), NEW[case], labels=True).array[0]
    scores = np.stack([by_sitk((labels == c).astype(np.float32), OLD, NEW[case], float(c == 0)) for c in range(6)])
    top = np.sort(scores, axis=0)[-2:]
    clear = top[1] - top[0] > 1e-4
    assert ours.dtype == labels.dtype
    assert np.array_equal(ours[clear], scores.argmax(0)[clear])
    assert clear.mean() > 0.95
