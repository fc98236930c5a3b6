import numpy as np
import pytest

from diascope.core.errors import GeometryError, InputError, OptionError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.transforms.prepare import Recipe, prepare, restore_labels, restore_map


def image(array: np.ndarray, spacing: tuple[float, ...] | None = (1.0, 1.0, 1.0)) -> Image:
    if spacing is None:
        return Image(array, geometry_without_spacing(array.shape[1:]))
    return Image(array, Geometry(array.shape[1:], np.diag([*spacing, 1.0])))


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(3, 2, shape).astype(np.float32)


def test_zscore_has_mean_zero_and_deviation_one() -> None:
    made = prepare({"a": image(noise(1, 5, 6, 7))}, Recipe(("a",)))
    assert made.array.mean() == pytest.approx(0, abs=1e-6)
    assert made.array.std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("scheme", ["zscore", "zscore_nonzero", "scale"])
@pytest.mark.parametrize("value", [0.0, 0.1, -1024.3])
def test_constant_image_becomes_zero(scheme: str, value: float) -> None:
    recipe = Recipe.from_plan({"channels": ["a"], "normalise": {"a": {"scheme": scheme}}})
    assert (prepare({"a": image(np.full((1, 4, 4, 4), value, np.float32))}, recipe).array == 0).all()


def test_clip_zscore_uses_the_data_sets_numbers() -> None:
    numbers = {"scheme": "clip_zscore", "lower": -100, "upper": 300, "mean": 50, "std": 100}
    recipe = Recipe.from_plan({"channels": ["ct"], "normalise": {"ct": numbers}})
    values = np.array([-1000, -100, 50, 300, 2000], np.int16).reshape(1, 5, 1, 1)
    assert prepare({"ct": image(values)}, recipe).array.ravel().tolist() == [-1.5, -1.5, 0.0, 2.5, 2.5]


def test_masked_zscore_leaves_zeros_at_zero() -> None:
    array = noise(1, 6, 6, 6)
    array[:, :3] = 0
    recipe = Recipe.from_plan({"channels": ["a"], "normalise": {"a": {"scheme": "zscore_nonzero"}}})
    made = prepare({"a": image(array)}, recipe).array
    assert (made[:, :3] == 0).all()
    assert made[:, 3:].std() == pytest.approx(1, abs=1e-4)


def test_colour_planes_keep_their_relation_and_take_numbers_for_each_plane() -> None:
    array = np.stack([np.full((4, 4), v, np.uint8) for v in (10, 20, 30)])
    numbers = {"scheme": "clip_zscore", "mean": [10, 10, 10], "std": [1, 2, 4]}
    recipe = Recipe.from_plan({"channels": ["rgb"], "components": {"rgb": 3}, "normalise": {"rgb": numbers}})
    assert prepare({"rgb": image(array, None)}, recipe).array[:, 0, 0].tolist() == [0, 5, 5]


def test_the_input_is_not_changed() -> None:
    array = noise(1, 4, 4, 4)
    before = array.copy()
    prepare({"a": image(array)}, Recipe(("a",)))
    assert np.array_equal(array, before)


def test_missing_channel_is_the_mean_where_the_plan_says_so() -> None:
    recipe = Recipe.from_plan({"channels": ["t1", "t2"], "missing": {"t2": "mean"}})
    made = prepare({"t1": image(noise(1, 4, 4, 4))}, recipe)
    assert made.missing == ("t2",)
    assert made.array.shape == (2, 4, 4, 4)
    assert (made.array[1] == 0).all()


def test_missing_channel_is_refused_otherwise() -> None:
    with pytest.raises(InputError, match="lacks channel t2"):
        prepare({"t1": image(noise(1, 4, 4, 4))}, Recipe(("t1", "t2")))
    with pytest.raises(InputError, match="none of the channels"):
        prepare({}, Recipe(("t1",), missing={"t1": "mean"}))


def test_another_channels_grid_is_brought_to_the_first_ones_and_said() -> None:
    plane = np.broadcast_to(np.arange(8.0, dtype=np.float32)[:, None, None], (8, 8, 8))[None]
    half = Image(plane[:, ::2, ::2, ::2], Geometry((4, 4, 4), np.diag([2.0, 2.0, 2.0, 1.0])))
    recipe = Recipe.from_plan({"channels": ["a", "b"], "normalise": {c: {"scheme": "none"} for c in "ab"}})
    made = prepare({"a": image(plane), "b": half}, recipe)
    assert np.allclose(made.array[0, :7], made.array[1, :7])
    assert "another grid" in made.notes[0]


def test_grey_image_fills_a_colour_channel_and_colour_a_grey_one_with_a_note() -> None:
    grey = prepare({"a": image(noise(1, 4, 4), None)}, Recipe(("a",), components={"a": 3}))
    colour = prepare({"a": image(noise(3, 4, 4), None)}, Recipe(("a",)))
    assert (grey.array.shape, colour.array.shape) == ((3, 4, 4), (1, 4, 4))
    assert "grey" in grey.notes[0]
    assert "luminance" in colour.notes[0]
    with pytest.raises(GeometryError, match="number of planes"):
        prepare({"a": image(noise(2, 4, 4), None)}, Recipe(("a",)))


def test_values_that_are_not_finite_are_refused_or_replaced_as_planned() -> None:
    array = noise(1, 4, 4, 4)
    array[0, 0, 0, :2] = np.nan, np.inf
    with pytest.raises(ReadError, match="no finite numbers") as error:
        prepare({"a": image(array)}, Recipe(("a",)))
    assert "a run that was trained with --set preprocess.nonfinite=minimum" in error.value.fix
    made = prepare({"a": image(array)}, Recipe(("a",), nonfinite="minimum"))
    assert made.array[0, 0, 0, 0] == made.array[0, 0, 0, 1] == made.array.min()
    assert "2 voxels" in made.notes[0]


def test_spacing_sets_the_shape_and_an_image_without_spacing_is_refused() -> None:
    recipe = Recipe(("a",), spacing_mm=(1.0, 1.0, 2.0), orientation="RAS")
    made = prepare({"a": image(noise(1, 10, 10, 10), (0.5, 2.0, 2.0))}, recipe)
    assert made.array.shape == (1, 5, 20, 10)
    assert made.trace.geometry.steps == pytest.approx((1, 1, 2))
    with pytest.raises(GeometryError, match="spacing is unknown"):
        prepare({"a": image(noise(1, 10, 10, 10), None)}, recipe)


def test_fixed_shape_by_resize_and_by_window() -> None:
    picture, labels = image(noise(1, 30, 20), None), (np.arange(600).reshape(30, 20) > 300).astype(np.uint8)
    wide = prepare({"a": picture}, Recipe(("a",), shape=(16, 16)), labels)
    window = prepare({"a": picture}, Recipe(("a",), shape=(16, 32), fit="pad_crop"), labels)
    assert wide.labels is not None
    assert window.labels is not None
    assert (wide.array.shape, window.array.shape) == ((1, 16, 16), (1, 16, 32))
    assert (restore_labels(wide.labels, wide.trace) == labels).mean() > 0.95
    back = restore_labels(window.labels, window.trace)
    assert np.array_equal(back[7:23], labels[7:23])
    assert (back[:7] == 0).all()


def test_crop_is_filled_with_background_probability() -> None:
    array = np.zeros((1, 8, 8, 8), np.float32)
    array[:, 2:6, 3:5, 4:7] = 5
    trace = prepare({"a": image(array)}, Recipe(("a",), crop_nonzero=True)).trace
    assert trace.final == (4, 2, 3)
    whole = restore_map(np.stack([np.zeros(trace.final), np.ones(trace.final)]), trace, fill=[1, 0])
    assert np.array_equal(whole[1] == 1, array[0] != 0)
    assert (whole.sum(0) == 1).all()


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(GeometryError, match="different shapes"):
        prepare({"a": image(noise(1, 4, 4, 4))}, Recipe(("a",)), np.zeros((4, 4, 5), np.uint8))
    trace = prepare({"a": image(noise(1, 4, 4, 4))}, Recipe(("a",))).trace
    with pytest.raises(GeometryError, match="network's grid"):
        restore_labels(np.zeros((4, 4, 5), np.uint8), trace)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": ["a"], "spacing": [1]}, "spacing_mm"),
        ({"channels": []}, "channels is missing"),
        ({"channels": ["a"], "fit": "stretch"}, "resize"),
        ({"channels": ["a"], "normalise": {"a": {"scheme": "zscor"}}}, "'zscore'"),
        ({"channels": ["a"], "normalise": {"a": {"scheme": "clip_zscore"}}}, "mean and std"),
        ({"channels": ["a"], "normalise": {"a": {"schema": "zscore"}}}, "'scheme'"),
    ],
)
def test_wrong_plan_values_are_named(values: dict, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Recipe.from_plan(values)
    assert message in str(caught.value)


def test_importing_the_deterministic_transforms_loads_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, diascope.transforms.prepare; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def shifted(array: np.ndarray) -> Image:
    affine = np.eye(4)
    affine[0, 3] = 2.0
    return Image(array, Geometry(array.shape[1:], affine))


def test_channel_on_another_grid_is_brought_to_the_first_and_noted() -> None:
    made = prepare({"a": image(noise(1, 6, 6, 6)), "b": shifted(noise(1, 6, 6, 6, seed=1))}, Recipe(("a", "b")))
    assert made.array.shape == (2, 6, 6, 6)
    assert any("another grid" in note for note in made.notes)


def test_channel_on_another_grid_is_refused_where_the_plan_says_so() -> None:
    recipe = Recipe.from_plan({"channels": ["a", "b"], "channel_grid": "refuse"})
    with pytest.raises(GeometryError, match="channel b lies on another grid") as caught:
        prepare({"a": image(noise(1, 6, 6, 6)), "b": shifted(noise(1, 6, 6, 6, seed=1))}, recipe)
    assert "origin" in str(caught.value)


def test_missing_channel_is_noted() -> None:
    recipe = Recipe(("a", "b"), missing={"b": "mean"})
    assert any("Channel b is missing" in note for note in prepare({"a": image(noise(1, 4, 4, 4))}, recipe).notes)
