"""What is written is read back: voxels bit by bit, positions to float32 or better, for any grid."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from diascope.core.documents.dataset import Source
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.io import read_image, write_image

DTYPES = (np.uint8, np.int8, np.int16, np.uint16, np.float32, np.float64)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Draw an oblique grid of any handedness, with edges from 0.01 to 20 mm."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(2, 6)))
    seed = draw(st.integers(0, 10000))
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    edges = draw(st.tuples(*[st.floats(0.01, 20)] * 3))
    signs = draw(st.tuples(*[st.sampled_from((-1, 1))] * 3))
    affine = np.eye(4)
    affine[:3, :3] = turn * edges * signs
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    return Geometry(shape, affine)


@st.composite
def images(draw: st.DrawFn) -> Image:
    geometry = draw(geometries())
    channels = draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(DTYPES))
    elements = {"allow_nan": False} if np.issubdtype(dtype, np.floating) else {}
    array = draw(
        numbers.arrays(dtype, (channels, *geometry.shape), elements=numbers.from_dtype(np.dtype(dtype), **elements))
    )
    return Image(array, geometry)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".nii", 1e-3), (".nrrd", 1e-9), (".mha", 1e-9)])
@given(image=images())
@QUICK
def test_a_written_image_is_read_back(tmp_path: Path, suffix: str, tolerance: float, image: Image) -> None:
    write_image(tmp_path / f"a{suffix}", image)
    again = read_image(tmp_path, Source(path=f"a{suffix}"))
    assert again.array.dtype == image.array.dtype
    np.testing.assert_array_equal(again.array, image.array)
    assert np.abs(again.geometry.corners() - image.geometry.corners()).max() <= tolerance


@given(image=images(), high=st.integers(1, 70000))
@settings(QUICK, max_examples=12)
def test_labels_like_a_source_lie_on_its_grid_bit_by_bit(tmp_path: Path, image: Image, high: int) -> None:
    for suffix in (".nii", ".nrrd", ".mha"):
        source = tmp_path / f"a{suffix}"
        write_image(source, image)
        read = read_image(tmp_path, Source(path=source.name))
        labels = np.random.default_rng(high).integers(0, high, (1, *read.geometry.shape)).astype(np.int32)
        write_image(tmp_path / f"b{suffix}", Image(labels, read.geometry), source)
        again = read_image(tmp_path, Source(path=f"b{suffix}"))
        np.testing.assert_array_equal(again.array, labels)
        np.testing.assert_array_equal(again.geometry.affine, read.geometry.affine)
