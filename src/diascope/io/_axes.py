"""From a file's axes to channels first, and back."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.image import Image
from diascope.core.ports.reader import Header

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Patient space of DICOM and ITK (x to the left, y to the back) → ours; its own inverse."""

MM_PER_UNIT = {
    **dict.fromkeys(("mm", "millimeter", "millimetre", "millimeters", "millimetres"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre", "\\u00b5m"), 1e-3),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-6),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 10.0),
    **dict.fromkeys(("m", "meter", "metre"), 1e3),
}


def native_dtype(dtype: np.dtype) -> np.dtype:
    """Return the number type that ``native`` gives for a stored one.

    Raises:
        ReadError: complex numbers, text or objects.
    """
    if dtype == np.bool_:
        return np.dtype(np.uint8)
    if dtype.kind == "c":
        raise ReadError(
            "the voxels are complex numbers",
            expected="real numbers",
            got=str(dtype),
            fix="store the magnitude, or the real and the imaginary part as two channels",
        )
    if dtype.kind not in "iuf":
        raise ReadError("the voxels are no numbers", expected="whole or real numbers", got=str(dtype))
    if dtype.itemsize > 8:
        return np.dtype(np.float64)
    return dtype.newbyteorder("=")


def native(array: NDArray) -> NDArray:
    """Return the array in this machine's byte order, writable and owned by the caller; yes/no become 0 and 1.

    Raises:
        ReadError: complex numbers, text or objects.
    """
    array = array.astype(native_dtype(array.dtype), copy=False)
    return array if array.flags.writeable else array.copy(order="K")


def split_shape(shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Return grid and number of channels of a file's shape ``(I, J[, K[, ...]])``: further axes are channels.

    An image with one slice is two-dimensional.

    Raises:
        ReadError: fewer than two axes, or an empty one.
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ReadError("the array is no image", expected="two or more axes, none of them empty", got=f"shape {shape}")
    grid = shape[:3] if len(shape) > 2 and shape[2] > 1 else shape[:2]
    return tuple(int(n) for n in grid), int(np.prod(shape[3:], dtype=np.int64))


def one_channel(header: Header, source: Source) -> Header:
    """Return the header of the channel that ``source.index`` chooses; of all channels where it is None.

    Raises:
        ReadError: there is no such channel.
    """
    if source.index is None:
        return header
    if not 0 <= source.index < header.channels:
        got = f"{header.channels} in the file"
        raise ReadError(f"there is no channel {source.index}", expected=f"{source.index + 1} or more channels", got=got)
    return replace(header, channels=1, photographic=False, clip=None)


def take_channel(array: NDArray, source: Source) -> NDArray:
    """Return the channel of ``(C, I, J[, K])`` that ``source.index`` chooses, or all."""
    return array if source.index is None else np.ascontiguousarray(array[source.index : source.index + 1])


def channels_first(array: NDArray) -> NDArray:
    """Return ``(C, I, J[, K])`` of a file's ``(I, J[, K[, ...]])``; of several further axes the first runs fastest."""
    grid, channels = split_shape(array.shape)
    return np.moveaxis(array.reshape((*grid, channels), order="F"), -1, 0)


def channels_last(image: Image, *, slices: bool) -> NDArray:
    """Return ``(I, J[, K][, C])`` of an image; ``slices``: a two-dimensional one gets its K of one, and so do channels.

    The channel axis is there only where there are several.
    """
    array = np.moveaxis(image.array, 0, -1)
    if image.geometry.ndim == 2 and (slices or image.channels > 1):
        array = array[:, :, None, :]
    return array if image.channels > 1 else array[..., 0]


def storable(array: NDArray) -> NDArray:
    """Return the array in a type that every format holds.

    Label maps come as wide integers; they are narrowed to the first of uint8, int16, uint16 and int32 that holds their
    values. Types of 8 and 16 bits stay, half precision becomes float32.
    """
    if array.dtype == bool:
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind in "iu" and array.dtype.itemsize > 2:
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        for dtype in (np.uint8, np.int16, np.uint16, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return array.astype(dtype)
    return array


def with_normal(affine: NDArray[np.float64], thickness: float) -> NDArray[np.float64]:
    """Return a two-dimensional image's affine with its slice normal, where the file left that column zero."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    length = float(np.linalg.norm(normal))
    if affine[:3, 2].any() or not length:
        return affine
    affine = affine.copy()
    affine[:3, 2] = normal / length * (thickness if np.isfinite(thickness) and thickness > 0 else 1.0)
    return affine
