"""Mask metrics against MONAI and SimpleITK on random blobs, with anisotropic spacing."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from diascope.core.families import METRICS
from diascope.metrics.surface_dice import TOLERANCE_MM

pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy.*:FutureWarning")  # MONAI calling itself

CASES = [((24, 30, 20), (1.0, 1.0, 1.0)), ((20, 26, 12), (0.7, 0.9, 2.5)), ((40, 36), (0.8, 1.3))]


def blobs(shape: tuple[int, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = gaussian_filter(rng.normal(size=shape), 2.5)
    other = base + 0.5 * base.std() * gaussian_filter(rng.normal(size=shape), 1.5) / 0.1
    return base > base.std() * 0.5, other > base.std() * 0.5


@pytest.fixture(params=[(shape, spacing, seed) for shape, spacing in CASES for seed in range(3)])
def pair(request):
    shape, spacing, seed = request.param
    return *blobs(shape, seed), spacing


def as_batch(mask: np.ndarray):
    torch = pytest.importorskip("torch")
    return torch.as_tensor(mask)[None, None]


def test_dice_equals_monai(pair):
    metrics = pytest.importorskip("monai.metrics")
    reference, prediction, _ = pair
    expected = metrics.compute_dice(as_batch(prediction), as_batch(reference), include_background=True).item()
    assert METRICS.load("dice").compute(reference, prediction, None) == pytest.approx(expected, abs=1e-6)


def test_surface_dice_equals_monai(pair):
    metrics = pytest.importorskip("monai.metrics")
    reference, prediction, spacing = pair
    expected = metrics.compute_surface_dice(
        as_batch(prediction), as_batch(reference), [TOLERANCE_MM], include_background=True, spacing=list(spacing)
    ).item()
    assert METRICS.load("surface_dice").compute(reference, prediction, spacing) == pytest.approx(expected, abs=1e-6)


def test_hd95_equals_monai(pair):
    metrics = pytest.importorskip("monai.metrics")
    reference, prediction, spacing = pair
    expected = metrics.compute_hausdorff_distance(
        as_batch(prediction), as_batch(reference), include_background=True, percentile=95, spacing=list(spacing)
    ).item()
    assert METRICS.load("hd95_mm").compute(reference, prediction, spacing) == pytest.approx(expected, abs=1e-4)


def test_overlap_and_volume_equal_simpleitk(pair):
    sitk = pytest.importorskip("SimpleITK")
    reference, prediction, spacing = pair
    images = []
    for mask in (reference, prediction):
        image = sitk.GetImageFromArray(mask.T.astype(np.uint8))
        image.SetSpacing(spacing)
        images.append(image)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert METRICS.load("dice").compute(reference, prediction, spacing) == pytest.approx(overlap.GetDiceCoefficient())
    if len(spacing) == 3:
        sizes = []
        for image in images:
            shape = sitk.LabelShapeStatisticsImageFilter()
            shape.Execute(image)
            sizes.append(shape.GetPhysicalSize(1))
        error = METRICS.load("volume_error_ml").compute(reference, prediction, spacing)
        assert error == pytest.approx(abs(sizes[1] - sizes[0]) / 1000)


def test_hundredth_percentile_distance_equals_simpleitk_hausdorff(pair):
    sitk = pytest.importorskip("SimpleITK")
    from diascope.metrics._borders import measure_borders

    reference, prediction, spacing = pair
    images = [sitk.GetImageFromArray(mask.T.astype(np.uint8)) for mask in (reference, prediction)]
    for image in images:
        image.SetSpacing(spacing)
    distances = measure_borders(reference, prediction, spacing)
    # SimpleITK measures to the nearest voxel of the whole other mask, which for border voxels outside it is its border
    outside = measure_to_mask(reference, prediction, spacing)
    hausdorff = sitk.HausdorffDistanceImageFilter()
    hausdorff.Execute(*images)
    assert outside == pytest.approx(hausdorff.GetHausdorffDistance(), abs=1e-4)
    assert max(distances.from_reference.max(), distances.from_prediction.max()) >= outside - 1e-9


def measure_to_mask(reference: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...]) -> float:
    from scipy.ndimage import distance_transform_edt

    far = [
        distance_transform_edt(~b, sampling=spacing)[a].max()
        for a, b in ((reference, prediction), (prediction, reference))
    ]
    return float(max(far))


def test_ball_against_shifted_ball_has_the_shift_as_its_largest_distance():
    grid = np.indices((30, 30, 30)) - np.array([13, 15, 15])[:, None, None, None]
    ball = (grid**2).sum(axis=0) <= 64
    moved = np.roll(ball, 3, axis=0)
    assert METRICS.load("hd95_mm").compute(ball, moved, (2.0, 1.0, 1.0)) <= 6.0
    assert math.isclose(METRICS.load("volume_error_ml").compute(ball, moved, (2.0, 1.0, 1.0)), 0.0)
