"""Preparing a case and returning from it, for any grid and recipe."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.transforms.prepare import Recipe, Trace, prepare, restore_labels, restore_map, restore_points
from diascope.transforms.resample import resample, resample_labels

SIZES = st.tuples(*[st.integers(1, 12)] * 3)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    shape = draw(SIZES)
    axes = np.eye(3)[list(draw(st.permutations(range(3))))]
    signs = draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3))
    spacing = draw(st.tuples(*[st.floats(0.3, 4.0)] * 3))
    tilt = draw(st.floats(-0.3, 0.3))
    turn = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ axes @ np.diag(np.array(signs) * spacing)
    affine[:3, 3] = draw(st.tuples(*[st.floats(-100, 100)] * 3))
    return Geometry(shape, affine)


def volume(geometry: Geometry, seed: int) -> tuple[Image, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.normal(5, 2, geometry.shape) * (rng.random(geometry.shape) > 0.5)
    return Image(image[None].astype(np.float32), geometry), rng.integers(0, 4, geometry.shape).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(geometries(), st.booleans(), st.integers(0, 99))
def test_without_resampling_labels_return_exactly(geometry: Geometry, crop: bool, seed: int) -> None:
    image, labels = volume(geometry, seed)
    made = prepare({"a": image}, Recipe(("a",), orientation="RAS", crop_nonzero=crop), labels)
    trace = Trace.from_dict(json.loads(json.dumps(made.trace.as_dict())))
    assert trace == made.trace
    assert made.labels is not None
    back = restore_labels(made.labels, trace)
    inside = np.zeros(geometry.shape, bool)
    inside[restored_box(trace)] = True
    assert np.array_equal(back, np.where(inside, labels, 0))
    assert inside[image.array[0] != 0].all()


def restored_box(trace: Trace) -> tuple[slice, ...]:
    corners = np.array([[0.0] * 3, [n - 1 for n in trace.final]])
    low, high = np.sort(np.rint(restore_points(corners, trace)).astype(int), axis=0)
    return tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))


@settings(max_examples=60, deadline=None)
@given(geometries(), SIZES, st.integers(0, 99))
def test_padding_returns_exactly_where_nothing_was_cut_off(geometry: Geometry, more: tuple, seed: int) -> None:
    image, labels = volume(geometry, seed)
    size = tuple(max(geometry.shape) + m for m in more)
    made = prepare({"a": image}, Recipe(("a",), orientation="RAS", shape=size, fit="pad_crop"), labels)
    assert made.array.shape == (1, *size)
    assert made.labels is not None
    assert np.array_equal(restore_labels(made.labels, made.trace), labels)
    assert np.allclose(restore_map(made.array, made.trace)[0], scaled(image), atol=1e-5)


def scaled(image: Image) -> np.ndarray:
    array = image.array[0]
    return (array - array.mean()) / max(array.std(), 1e-8)


@settings(max_examples=60, deadline=None)
@given(geometries(), st.tuples(*[st.floats(0.5, 3.0)] * 3), st.integers(0, 99))
def test_points_come_back_to_the_same_place_in_the_patient(geometry: Geometry, spacing: tuple, seed: int) -> None:
    image, _ = volume(geometry, seed)
    recipe = Recipe(("a",), orientation="RAS", spacing_mm=spacing, crop_nonzero=True, resample_order=1)
    trace = prepare({"a": image}, recipe).trace
    points = np.random.default_rng(seed).random((5, 3)) * trace.final
    original = restore_points(points, trace) @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    seen = points @ trace.geometry.affine[:3, :3].T + trace.geometry.affine[:3, 3]
    assert np.allclose(original, seen, atol=1e-6)
    direction = trace.geometry.affine[:3, :3]
    assert (np.diag(direction) > 0).all()  # canonical: right, anterior, superior


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.integers(0, 99), st.sampled_from([0, 1, 3]))
def test_resampling_keeps_constants_and_range(old: tuple, new: tuple, seed: int, order: int) -> None:
    image = np.random.default_rng(seed).normal(0, 1, (2, *old)).astype(np.float32)
    image[1] = 7.5
    out = resample(image, new, order=order)
    assert np.allclose(out[1], 7.5, atol=1e-5)
    assert out[0].min() >= image[0].min() - 1e-5
    assert out[0].max() <= image[0].max() + 1e-5


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.integers(0, 99), st.sampled_from([None, 0, 1, 2]))
def test_resampled_labels_are_labels_that_were_there(old: tuple, new: tuple, seed: int, axis: int | None) -> None:
    labels = np.random.default_rng(seed).choice([0, 3, 9, 700], old).astype(np.int32)
    out = resample_labels(labels, new, separate_axis=axis)
    assert out.shape == new
    assert set(np.unique(out)) <= set(np.unique(labels))
