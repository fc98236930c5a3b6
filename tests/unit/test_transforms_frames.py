"""Clips of any length and rate come to the plan's frames, and what was decided is said."""

import numpy as np
import pytest

from diascope.core.clip import Clip, even_clip
from diascope.core.errors import GeometryError
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.transforms.frames import bring_to_frames
from diascope.transforms.prepare import Recipe, prepare

SIZE = (4, 5)


def ramp(clip: Clip, channels: int = 1) -> Image:
    """Return a clip whose every voxel holds the time in seconds, plus 100 a channel; frame numbers where unknown."""
    times = np.array(clip.times_s or range(clip.frames), np.float32)
    planes = (times[None] + 100 * np.arange(channels)[:, None]).reshape(-1, 1, 1)
    array = np.broadcast_to(planes, (channels * clip.frames, *SIZE)).copy()
    return Image(array, geometry_without_spacing(SIZE), clip=clip)


def values(image: Image) -> np.ndarray:
    return image.frames[..., 0, 0]


@pytest.mark.parametrize("frames", [5, 8, 20, 33])
@pytest.mark.parametrize("rate", [10.0, 25.0, 60.0])
def test_fixed_step_keeps_the_speed_whatever_the_rate(frames: int, rate: float) -> None:
    clip = even_clip(round(2.5 * rate), 1 / rate)
    notes: list[str] = []
    found = bring_to_frames("image", ramp(clip), (frames, 0.05), notes)
    np.testing.assert_allclose(np.diff(values(found)[0]), 0.05, atol=1e-5)
    assert found.clip == even_clip(frames, 0.05)
    assert not notes


def test_uneven_times_are_evened_out() -> None:
    clip = Clip(5, (0.0, 0.1, 0.3, 0.35, 0.8))
    found = bring_to_frames("image", ramp(clip), (9, 0.1), [])
    np.testing.assert_allclose(values(found)[0], np.arange(9) * 0.1, atol=1e-6)


def test_short_clip_holds_its_ends_and_says_so() -> None:
    notes: list[str] = []
    found = bring_to_frames("image", ramp(even_clip(5, 0.1)), (12, 0.1), notes)
    assert values(found)[0, 0] == 0
    assert values(found)[0, -1] == pytest.approx(0.4)
    assert "held" in notes[0]


def test_without_a_step_frames_lie_evenly_over_the_clip() -> None:
    found = bring_to_frames("image", ramp(Clip(9)), (5, None), [])
    np.testing.assert_allclose(values(found)[0], [0, 2, 4, 6, 8])


def test_unknown_rate_is_taken_evenly_and_said() -> None:
    notes: list[str] = []
    found = bring_to_frames("image", ramp(Clip(9)), (5, 0.1), notes)
    np.testing.assert_allclose(values(found)[0], [0, 2, 4, 6, 8])
    assert "frame rate" in notes[0]


def test_channels_of_a_clip_stay_apart() -> None:
    found = bring_to_frames("image", ramp(Clip(9), channels=3), (3, None), [])
    np.testing.assert_allclose(values(found), np.array([[0, 4, 8]]) + 100 * np.arange(3)[:, None])


def test_planes_without_a_word_are_frames_where_the_plan_says_so() -> None:
    notes: list[str] = []
    image = Image(ramp(Clip(9)).array, geometry_without_spacing(SIZE))
    found = bring_to_frames("image", image, (5, None), notes)
    np.testing.assert_allclose(values(found)[0], [0, 2, 4, 6, 8])
    assert "9 planes were taken as frames" in notes[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_prepared_clip_has_its_frames_as_planes(channels: int) -> None:
    recipe = Recipe(("image",), {"image": 6 * channels}, frames=6, frame_seconds=0.1, resample_order=1, shape=(8, 8))
    prepared = prepare({"image": ramp(even_clip(30, 0.05), channels)}, recipe)
    assert prepared.array.shape == (6 * channels, 8, 8)
    by_channel = prepared.array.reshape(channels, 6, 8, 8)[..., 0, 0]
    assert (np.diff(by_channel, axis=1) > 0).all()
    assert prepared.array.mean() == pytest.approx(0, abs=1e-5)


def test_grey_clip_stands_for_all_colours() -> None:
    recipe = Recipe(("image",), {"image": 12}, frames=4, resample_order=1)
    prepared = prepare({"image": ramp(even_clip(8, 0.1))}, recipe)
    planes = prepared.array.reshape(3, 4, *SIZE)
    np.testing.assert_array_equal(planes[0], planes[2])
    assert any("grey" in note for note in prepared.notes)


def test_clip_is_refused_where_still_images_were_planned_for() -> None:
    with pytest.raises(GeometryError, match="still images"):
        prepare({"image": ramp(even_clip(8, 0.1))}, Recipe(("image",)))
