"""Images over time: which axis is time, when each frame was taken, and what is no film."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow

from diascope.core.clip import Clip, even_clip
from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.io import read_header, read_image, write_image

RNG = np.random.default_rng(0)


def save_nifti(path: Path, shape: tuple[int, ...], *, unit: str = "sec", step: float = 0.05) -> np.ndarray:
    array = RNG.integers(0, 200, shape).astype(np.int16)
    image = nibabel.Nifti1Image(array, np.eye(4))
    image.header.set_xyzt_units("mm", unit)
    image.header["pixdim"][4] = step
    nibabel.save(image, path)
    return array


def read(root: Path, name: str, key: str | None = None, index: int | None = None) -> Image:
    source = Source(path=name, key=key, index=index)
    image, header = read_image(root, source), read_header(root, source)
    assert (header.channels, header.clip, header.notes) == (image.channels, image.clip, image.notes)
    assert header.planes == image.frames.shape[0]
    return image


@pytest.mark.parametrize(("unit", "step"), [("sec", 0.05), ("msec", 50), ("usec", 50_000)])
def test_fourth_nifti_axis_with_a_unit_of_time_is_time(tmp_path: Path, unit: str, step: float) -> None:
    array = save_nifti(tmp_path / "a.nii.gz", (6, 7, 4, 9), unit=unit, step=step)
    image = read(tmp_path, "a.nii.gz")
    np.testing.assert_array_equal(image.frames[0], np.moveaxis(array, -1, 0))
    assert image.clip is not None
    assert image.clip.step_s == pytest.approx(0.05)
    assert any("time" in note for note in image.notes)


@pytest.mark.parametrize(
    "changes", [{"unit": "hz"}, {"unit": "unknown"}, {"step": 0.0}, {"step": -1.0}, {"shape": (6, 7, 4, 4)}]
)
def test_fourth_nifti_axis_that_is_no_time_stays_channels(tmp_path: Path, changes: dict) -> None:
    save_nifti(tmp_path / "a.nii.gz", **({"shape": (6, 7, 4, 9)} | changes))
    image = read(tmp_path, "a.nii.gz")
    assert image.clip is None
    assert any("channels" in note for note in image.notes)


def test_one_volume_of_a_nifti_series_is_a_still_image(tmp_path: Path) -> None:
    array = save_nifti(tmp_path / "a.nii.gz", (6, 7, 1, 9))
    image = read(tmp_path, "a.nii.gz", index=3)
    np.testing.assert_array_equal(image.array[0], array[:, :, 0, 3])
    assert image.clip is None


@pytest.mark.parametrize("step", [0.04, None])
def test_written_nifti_clip_is_read_again(tmp_path: Path, step: float | None) -> None:
    array = RNG.integers(0, 200, (7, 5, 6)).astype(np.uint8)
    write_image(tmp_path / "a.nii.gz", Image(array, geometry_without_spacing((5, 6)), clip=even_clip(7, step)))
    image = read(tmp_path, "a.nii.gz")
    np.testing.assert_array_equal(image.array, array)
    assert (image.clip is None) == (step is None)
    assert step is None or image.clip == even_clip(7, step)


@pytest.mark.parametrize(
    ("shape", "frames"), [((5, 8, 9), (1, 5, 8, 9)), ((5, 8, 9, 3), (3, 5, 8, 9)), ((5, 8, 9, 7), (1, 5, 8, 9, 7))]
)
def test_npz_array_called_clips_holds_frames_first(
    tmp_path: Path, shape: tuple[int, ...], frames: tuple[int, ...]
) -> None:
    array = RNG.integers(0, 200, (2, *shape)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", train_clips=array, train_fps=[20, 40])
    image = read(tmp_path, "a.npz", "train_clips", 1)
    assert image.frames.shape == frames
    expected = np.moveaxis(array[1], -1, 0) if frames[0] == 3 else array[1][None]
    np.testing.assert_array_equal(image.frames, expected)
    assert image.clip is not None
    assert image.clip.step_s == pytest.approx(1 / 40)


def test_npz_clips_without_a_rate_have_no_times(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", clips=np.zeros((2, 5, 8, 9), np.uint8))
    assert read(tmp_path, "a.npz", "clips", 0).clip == Clip(5)


def test_npz_with_fewer_rates_than_rows_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", clips=np.zeros((3, 5, 8, 9), np.uint8), fps=[20, 30])
    with pytest.raises(ReadError, match=r"a\.npz.*fps"):
        read_image(tmp_path, Source(path="a.npz", key="clips", index=2))


def save_gif(path: Path, frames: np.ndarray, shown_ms: int | list[int]) -> None:
    first, *rest = [Pillow.fromarray(f) for f in frames]
    first.save(path, save_all=True, append_images=rest, duration=shown_ms, optimize=False, disposal=1)


def test_gif_is_a_film_with_its_frames_times(tmp_path: Path) -> None:
    frames = np.repeat(np.arange(0, 250, 50, dtype=np.uint8), 8 * 9).reshape(5, 8, 9) + np.eye(8, 9, dtype=np.uint8)
    save_gif(tmp_path / "a.gif", frames, [40, 40, 80, 40, 40])
    image = read(tmp_path, "a.gif")
    np.testing.assert_array_equal(image.frames[0], frames)
    assert image.clip is not None
    assert image.clip.times_s == pytest.approx((0, 0.04, 0.08, 0.16, 0.2))


def test_gif_of_one_frame_is_a_picture(tmp_path: Path) -> None:
    Pillow.fromarray(np.eye(8, dtype=np.uint8) * 200).save(tmp_path / "a.gif")
    assert read(tmp_path, "a.gif").clip is None


@pytest.mark.parametrize("times", [(0.0, 0.1), (0.0, 0.2, 0.1), (0.0, 0.0, 0.1), (0.0, np.nan, 1.0)])
def test_times_that_do_not_grow_with_the_frames_are_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError, match="times"):
        Clip(3, times)


def test_planes_that_are_no_whole_number_of_frames_are_refused() -> None:
    with pytest.raises(GeometryError, match="frames"):
        Image(np.zeros((5, 4, 4)), geometry_without_spacing((4, 4)), clip=Clip(2))
