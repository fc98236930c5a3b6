"""Random transforms, once drawn, against scipy, scikit-image and torch's own interpolation."""

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform, gaussian_filter
from skimage.transform import resize

from diascope.core.families import RANDOM_TRANSFORMS
from diascope.transforms.random._sampling import centred_positions, sample_images, sample_labels


def smooth(shape: tuple[int, ...], sigma: float = 2.0, seed: int = 0) -> np.ndarray:
    return gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma).astype(np.float32)


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("size", [(14, 18, 11), (25, 31)])
def test_affine_equals_scipy(size: tuple[int, ...]) -> None:
    image = smooth(size)
    batch = torch.from_numpy(image)[None, None]
    affine = RANDOM_TRANSFORMS.load("affine")
    params = affine.draw(rng(), batch.shape, {"rotate_deg": 30, "scale": 0.3, "shear": 0.2, "translate": 0.1})
    moved = sample_images(batch, affine.apply(centred_positions(batch), params))[0, 0].numpy()
    matrix, shift = params.matrix[0].double().numpy(), params.shift[0].double().numpy()
    centre = (np.array(size) - 1) / 2
    expected = affine_transform(image, matrix, centre + shift - matrix @ centre, order=1, mode="nearest")
    assert np.abs(moved - expected).max() < 1e-4 * image.std()


@pytest.mark.parametrize("size", [(14, 18, 11), (25, 31), (1, 18, 11)])
@pytest.mark.parametrize("classes", [2, 9])
def test_labels_equal_the_largest_interpolated_indicator(size: tuple[int, ...], classes: int) -> None:
    values = np.stack([smooth(size, 1.5, seed) for seed in range(3)])
    labels = torch.from_numpy(((values / values.std() + 1.5) * classes / 3).clip(0, classes - 1).astype(np.int64))
    positions = centred_positions(labels[:, None]).clone()
    affine, elastic = RANDOM_TRANSFORMS.load("affine"), RANDOM_TRANSFORMS.load("elastic")
    shape = (3, 1, *size)
    positions = affine.apply(positions, affine.draw(rng(), shape, {"rotate_deg": 40, "scale": 0.2}))
    positions = elastic.apply(positions, elastic.draw(rng(), shape, {"elastic": 0.3, "elastic_spacing": 6}))
    indicators = torch.stack([(labels == c).float() for c in range(classes)], 1)
    weights = sample_images(indicators, positions)
    top = weights.topk(2, dim=1).values
    clear = top[:, 0] - top[:, 1] > 1e-4
    assert torch.equal(sample_labels(labels, positions)[clear], weights.argmax(1)[clear])
    assert clear.float().mean() > 0.95


def test_blur_equals_scipy_away_from_the_border() -> None:
    image = smooth((30, 33, 28), 1.0)
    blur = RANDOM_TRANSFORMS.load("blur")
    batch = torch.from_numpy(image)[None, None]
    sigma = blur.draw(rng(), batch.shape, {"blur": 1.5, "spacing": [1, 1, 2]})
    expected = gaussian_filter(image, sigma[0].tolist(), truncate=8)
    inner = (slice(8, -8),) * 3
    assert np.abs(blur.apply(batch, sigma)[0, 0].numpy() - expected)[inner].max() < 1e-3 * image.std()


def test_low_resolution_equals_skimage_down_by_nearest_and_up_by_cubic() -> None:
    image = smooth((20, 24, 26), 1.0)
    lowres = RANDOM_TRANSFORMS.load("lowres")
    batch = torch.from_numpy(image)[None, None]
    (coarse,) = params = lowres.draw(rng(), batch.shape, {"lowres": 0.5})
    small = resize(image.astype(float), coarse, 0, mode="edge", anti_aliasing=False)
    expected = resize(small, image.shape, 3, mode="edge", anti_aliasing=False, clip=False)
    assert coarse < image.shape
    assert np.abs(lowres.apply(batch, params)[0, 0].numpy() - expected).max() < 1e-3 * image.std()
