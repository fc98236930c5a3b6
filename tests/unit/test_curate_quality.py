import numpy as np
import pytest
from scipy import ndimage

from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.curate.quality import MEASURES, measure_quality, rank, robust_z


def head(shape: tuple[int, int] = (96, 96)) -> np.ndarray:
    """Return a bright disc with structure on a dark background, with a little noise."""
    i, j = np.indices(shape) - np.array(shape).reshape(2, 1, 1) / 2
    disc = (np.hypot(i, j) < 22) * (600 + 200 * np.sign(np.sin(i / 3) * np.sin(j / 4)))
    return disc + np.random.default_rng(0).normal(20, 3, shape)


def measures(array: np.ndarray) -> dict[str, float]:
    return measure_quality(Image(array[None], geometry_without_spacing(array.shape)))


def noisy(x: np.ndarray) -> np.ndarray:
    return x + np.random.default_rng(1).normal(0, 60, x.shape)


def blurred(x: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(x, 2)


def ghosted(x: np.ndarray) -> np.ndarray:
    return x + 0.3 * np.roll(x, x.shape[0] // 2, 0)


def clipped(x: np.ndarray) -> np.ndarray:
    return np.minimum(x, 700)


def biased(x: np.ndarray) -> np.ndarray:
    return x * np.linspace(0.3, 1.7, x.shape[0])[:, None]


def framed(x: np.ndarray) -> np.ndarray:
    framed = np.full_like(x, 1000)
    framed[12:-12, 12:-12] = x[12:-12, 12:-12]
    return framed


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("noise", noisy),
        ("blur", blurred),
        ("motion", ghosted),
        ("ghosting", ghosted),
        ("clipping", clipped),
        ("bias", biased),
        ("border", framed),
    ],
)
def test_measure_rises_when_its_fault_is_added(name: str, spoil):
    clean, worse = measures(head())[name], measures(spoil(head()))[name]
    assert worse > 1.05 * clean + 1e-3


def test_noise_is_the_standard_deviation_over_the_contrast():
    flat = np.random.default_rng(0).normal(0, 5, (128, 128))
    contrast = np.ptp(np.percentile(flat, [1, 99]))
    assert measures(flat)["noise"] == pytest.approx(5 / contrast, rel=0.05)


def test_constant_and_tiny_images_have_no_measures():
    assert measures(np.ones((32, 32))) == {}
    assert measures(np.random.default_rng(0).normal(0, 1, (4, 4))) == {}


def test_volume_is_looked_at_across_its_thickest_axis():
    volume = np.stack([head()] * 6, 0)
    image = Image(volume[None], Geometry(volume.shape, np.diag([5.0, 1, 1, 1])))
    assert measure_quality(image)["noise"] == pytest.approx(measures(head())["noise"], rel=1e-6)
    assert set(measure_quality(image)) <= {m.name for m in MEASURES}


def test_outlier_ranks_first_even_where_most_values_are_equal():
    assert robust_z([0, 0, 0, 0, 1])[4] > 3.5
    assert not robust_z([2, 2, 2]).any()
    measured = {f"c{n}": {"noise": v} for n, v in enumerate([1, 1.1, 0.9, 5])}
    assert rank(measured, "noise")[0][0] == "c3"
    assert rank(measured, "blur") == []
