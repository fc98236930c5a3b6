"""No image is so odd that measuring its quality ends ``inspect``."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.curate.quality import MEASURES, measure_quality

AXES = st.sampled_from([1, 2, 3, 7, 8, 9, 16, 17, 33])
EDGES = st.sampled_from([8, 9, 48, 49, 193, 257])
SHAPES = st.one_of(
    st.tuples(AXES, AXES),
    st.tuples(AXES, AXES, AXES),
    st.tuples(EDGES, EDGES),
    st.tuples(EDGES, st.just(8), st.sampled_from([1, 2])),
)


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(100, 20, shape)


def ramp(shape: tuple[int, ...], axis: int) -> np.ndarray:
    return np.broadcast_to(np.moveaxis(np.arange(shape[axis])[(...,) + (None,) * (len(shape) - 1)], 0, axis), shape)


def dot(shape: tuple[int, ...], value: float = 1) -> np.ndarray:
    """Return zeros with one voxel: in a large picture its central part is constant."""
    array = np.zeros(shape)
    array[(0,) * len(shape)] = value
    return array


def framed(shape: tuple[int, ...]) -> np.ndarray:
    array = noise(shape)
    array[1:-1, 1:-1] = 50
    return array


CONTENTS = {
    "noise": noise,
    "rows": lambda shape: ramp(shape, 0),
    "columns": lambda shape: ramp(shape, 1),
    "deep": lambda shape: ramp(shape, len(shape) - 1),
    "dot": dot,
    "framed": framed,
    "two values": lambda shape: (noise(shape) > 100).astype(float),
    "huge": lambda shape: dot(shape, 1e300),
    "opposite": lambda shape: np.where(noise(shape) > 100, 3e38, -3e38),
    "tiny": lambda shape: dot(shape, 1e-310),
    "far from zero": lambda shape: 1e9 + noise(shape),
    "constant": np.ones,
}


@settings(max_examples=150, deadline=None)
@given(
    SHAPES,
    st.sampled_from(sorted(CONTENTS)),
    st.sampled_from([1, 3]),
    st.sampled_from(["uint8", "int16", "float32", "float64"]),
)
@example((16, 16), "rows", 1, "int16")
@example((16, 16, 1), "columns", 1, "int16")
@example((257, 257), "dot", 1, "float32")
@example((16, 16), "opposite", 3, "float32")
def test_any_shape_and_content_is_measured_or_skipped(shape: tuple[int, ...], content: str, channels: int, dtype: str):
    values = CONTENTS[content](shape)
    if np.dtype(dtype).kind != "f":
        values = np.clip(np.nan_to_num(values), 0, 200)
    else:
        values = np.clip(values, -np.finfo(dtype).max, np.finfo(dtype).max)
    array = np.repeat(values[None].astype(dtype), channels, axis=0)
    found = measure_quality(Image(array, geometry_without_spacing(shape)))
    assert set(found) <= {m.name for m in MEASURES}
    assert all(np.isfinite(v) for v in found.values())


@pytest.mark.parametrize("axis", [0, 1])
def test_picture_that_changes_along_one_axis_only_has_no_border_measure(axis: int):
    found = measure_quality(Image(ramp((32, 32), axis)[None].astype(np.int16), geometry_without_spacing((32, 32))))
    assert found
    assert "border" not in found
