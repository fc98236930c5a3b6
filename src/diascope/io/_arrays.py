"""What the axes of a bare numpy array mean.

1. ``(I, J)`` is one channel.
2. Three axes: the first is channels where it has at most 4 and the two others more (``(3, 256, 256)``); else the last
   is where the same holds for it (``(28, 28, 3)``: red, green and blue where the type is uint8); else it is a volume.
3. Four axes: the first or the last is channels by the same rule.

An axis of length one at the end of a volume is dropped: one slice is two-dimensional. There is no spacing.

An array that is declared to be a clip has its frames as the first axis: ``(T, I, J)``, ``(T, I, J, K)``, or
``(T, I, J[, K], C)`` with at most 4 channels.
"""

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import even_clip
from diascope.core.errors import ReadError
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header
from diascope.io._axes import native, native_dtype

MOST_CHANNELS = 4
"""Chosen here: colours with transparency and the four MR sequences of BraTS have 4; no volume has so few slices along
one axis and more along both others in the data sets at hand."""


def channel_axis(shape: tuple[int, ...]) -> int | None:
    """Return which axis is channels, 0 or -1, or None.

    Raises:
        ReadError: the array cannot be an image.
    """
    if min(shape, default=0) < 1 or not 2 <= len(shape) <= 4:
        raise ReadError("the array is no image", expected="2 to 4 axes, none of them empty", got=f"shape {shape}")
    if len(shape) == 2:
        return None
    if shape[0] <= MOST_CHANNELS and min(shape[1:3]) > MOST_CHANNELS:
        return 0
    if shape[-1] <= MOST_CHANNELS and min(shape[:-1][:2]) > MOST_CHANNELS:
        return -1
    if len(shape) == 3:
        return None
    raise ReadError(
        "it cannot be told which axis is channels",
        expected=f"a first or last axis of at most {MOST_CHANNELS}",
        got=f"shape {shape}",
        fix="save it as (C, I, J, K) with few channels, or as NIfTI",
    )


def header_of(shape: tuple[int, ...], dtype: np.dtype) -> Header:
    """Return what an array of this shape and type is read as."""
    axis = channel_axis(shape)
    channels = 1 if axis is None else shape[axis]
    grid = shape if axis is None else shape[1:] if axis == 0 else shape[:-1]
    if len(grid) == 3 and grid[2] == 1:
        grid = grid[:2]
    photographic = axis == -1 and channels == 3 and dtype == np.uint8
    return Header(geometry_without_spacing(grid), channels, native_dtype(dtype).name, photographic=photographic)


def header_of_clip(shape: tuple[int, ...], dtype: np.dtype, step_s: float | None) -> Header:
    """Return what an array ``(T, I, J[, K][, C])`` is read as.

    Raises:
        ReadError: the array cannot be a clip.
    """
    if min(shape, default=0) < 1 or not 3 <= len(shape) <= 5:
        raise ReadError(
            "the array is no clip", expected="(T, I, J[, K][, C]), none of them empty", got=f"shape {shape}"
        )
    frames, *rest = shape
    has_channels = len(rest) > 2 and rest[-1] <= MOST_CHANNELS and min(rest[:2]) > MOST_CHANNELS
    if len(rest) == 4 and not has_channels:
        what = f"a last axis of at most {MOST_CHANNELS} channels"
        raise ReadError("it cannot be told which axis is channels", expected=what, got=f"shape {shape}")
    channels = rest[-1] if has_channels else 1
    grid = tuple(rest[:-1] if has_channels else rest)
    clip = even_clip(frames, step_s)
    return Header(
        geometry_without_spacing(grid),
        channels * clip.frames,
        native_dtype(dtype).name,
        notes=(f"The array was read as an image over time, as its name says: {clip.describe()}.",),
        photographic=channels == 3 and dtype == np.uint8,
        clip=clip,
    )


def clip_of(array: NDArray, step_s: float | None) -> Image:
    """Return the image of an array of frames."""
    header = header_of_clip(array.shape, array.dtype, step_s)
    frames = np.moveaxis(array, -1, 0) if array.ndim > 1 + header.geometry.ndim else array[None]
    planes = np.ascontiguousarray(frames).reshape(header.channels, *header.geometry.shape)
    return Image(native(planes), header.geometry, notes=header.notes, clip=header.clip)


def image_of(array: NDArray) -> Image:
    """Return the image of a bare array, which is copied where it is not writable."""
    header = header_of(array.shape, array.dtype)
    axis = channel_axis(array.shape)
    first = array[None] if axis is None else np.moveaxis(array, axis, 0)
    first = first.reshape(header.channels, *header.geometry.shape)
    return Image(native(first), header.geometry)
