"""Bring clips of any length and rate to one number of frames."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip, even_clip
from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry
from diascope.core.image import Image

Wanted = tuple[int, float | None]
"""Frames, and the seconds between them; None takes them evenly over each clip."""


def bring_to_frames(name: str, image: Image, wanted: Wanted, notes: list[str]) -> Image:
    """Return the clip with the frames that the plan wants; values between two frames are linear in time.

    By a fixed step, the frames lie around the clip's middle; where the clip is shorter, its first and last frame are
    held, and a clip whose times are unknown is taken evenly. An image whose planes are not said to be frames gives its
    planes as frames, as the plan says that it is one over time.

    Args:
        name: of the channel, for the notes.
        image: a clip.
        wanted: number of frames and seconds between them.
        notes: what was decided is added here.
    """
    clip = image.clip or Clip(len(image.array))
    if image.clip is None:
        count = f"{len(image.array)} plane{'s' * (len(image.array) > 1)}"
        notes.append(f"Channel {name} does not say that it is an image over time: its {count} were taken as frames.")
        image = replace(image, clip=clip)
    where, made = _places(name, clip, wanted, notes)
    if len(where) == clip.frames and np.array_equal(where, np.arange(clip.frames)):
        return image
    array = sample_frames(image.frames, where)
    return replace(image, array=array.reshape(-1, *image.array.shape[1:]), clip=made)


def _places(name: str, clip: Clip, wanted: Wanted, notes: list[str]) -> tuple[NDArray[np.float64], Clip]:
    """Return at which frame of the clip, whole or between two, each wanted one lies, and the new time axis."""
    frames, step = wanted
    duration = clip.duration_s
    if step is None or duration is None or clip.times_s is None:
        if step is not None:
            notes.append(
                f"Channel {name} does not say its frame rate: {frames} frames were taken evenly over the clip."
            )
        where = np.linspace(0, clip.frames - 1, frames)
        return where, _timed(clip, where)
    middle = (clip.times_s[0] + clip.times_s[-1]) / 2
    times = middle + (np.arange(frames) - (frames - 1) / 2) * step
    held = int(np.count_nonzero((times < clip.times_s[0] - step / 2) | (times > clip.times_s[-1] + step / 2)))
    if held:
        notes.append(
            f"Channel {name} lasts {duration:.3g} s, less than the {frames * step:.3g} s that were planned for: "
            f"its first and last frame are held for {held} of {frames} frames."
        )
    return np.interp(times, clip.times_s, np.arange(clip.frames)), even_clip(frames, step)


def _timed(clip: Clip, where: NDArray[np.float64]) -> Clip:
    """Return the time axis of frames taken at these places; a repeated place has no time of its own."""
    if clip.times_s is None or len(where) < 2 or (np.diff(where) <= 0).any():
        return Clip(len(where))
    times = np.interp(where, np.arange(clip.frames), clip.times_s)
    return Clip(len(where), tuple(float(t) for t in times))


def sample_frames(frames: NDArray, where: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return frames ``(C, len(where), I, J[, K])`` of ``(C, T, I, J[, K])`` at places between 0 and T - 1.

    Example:
        >>> sample_frames(np.array([[[[0.0]], [[4.0]]]]), np.array([0.25, 1.0])).ravel().tolist()
        [1.0, 4.0]
    """
    below = np.clip(np.floor(where).astype(int), 0, frames.shape[1] - 1)
    above = np.minimum(below + 1, frames.shape[1] - 1)
    share = (where - below).astype(np.float32).reshape(-1, *[1] * (frames.ndim - 2))
    taken = frames[:, below].astype(np.float32)
    taken += share * (frames[:, above].astype(np.float32) - taken)
    return taken


def beside_neighbours(film: NDArray, count: int) -> NDArray:
    """Return ``(C * (2 count + 1), I, J, T)``: each frame of ``(C, I, J, T)`` beside those before and after it.

    The time runs fastest, so that the frame itself is in the middle. Outside of the film stands its end.

    Example:
        >>> beside_neighbours(np.array([[[[1, 2, 3]]]]), 1)[:, 0, 0].tolist()
        [[1, 1, 2], [1, 2, 3], [2, 3, 3]]
    """
    if count == 0:
        return film
    frames = film.shape[-1]
    where = np.clip(np.arange(-count, count + 1)[:, None] + np.arange(frames), 0, frames - 1)
    return np.stack([film[..., row] for row in where], 1).reshape(-1, *film.shape[1:])


def check_is_film(name: str, grid: Geometry) -> None:
    """Refuse a volume where the plan was made for films.

    Raises:
        GeometryError: its last axis is no time.
    """
    if grid.film is None:
        raise GeometryError(
            f"channel {name} is no image over time, and the plan was made for clips",
            expected="a clip of pictures",
            got=grid.describe(),
            fix="give a clip, or train on images like this one",
        )


def still_wanted(name: str, clip: Clip) -> GeometryError:
    """Return the error for a clip where the plan was made for still images."""
    return GeometryError(
        f"channel {name} is an image over time, and the plan was made for still images",
        expected="one image without a time axis",
        got=clip.describe(),
        fix="give its frames as images of their own, or train on clips",
    )
