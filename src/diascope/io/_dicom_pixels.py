"""Stored pixels → values: decoding, colour, palettes, MONOCHROME1 and the rescale of each frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.io import _dicom_codecs as codecs
from diascope.io._dicom_frames import Frame, Instance
from diascope.io._dicom_open import guarded, open_dataset
from diascope.io._dicom_values import item, text, whole

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset

PHYSICAL_UNITS = ("HU", "SUV", "Bq/ml")
"""Values in these units are not inverted for MONOCHROME1, which then only says how to show them."""
_INTEGERS = (np.uint8, np.int16, np.uint16, np.int32)


def is_colour(header: "Dataset") -> bool:
    """Answer whether a file holds colour: three samples, or one through a palette (PS3.3 C.7.6.3.1.2)."""
    return whole(header, "SamplesPerPixel", 1) == 3 or text(header, "PhotometricInterpretation") == "PALETTE COLOR"


def stored_range(header: "Dataset") -> tuple[float, float]:
    """Return the least and the greatest stored value that the header allows."""
    bits = whole(header, "BitsStored") or whole(header, "BitsAllocated") or 16
    if whole(header, "PixelRepresentation") == 1:
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    return 0.0, 2.0**bits - 1


def value_type(instances: Sequence[Instance], factors: Sequence[float]) -> np.dtype:
    """Return the number type of the values: the smallest integer that holds all that the headers allow, else float32.

    It follows from headers alone, so that header and voxels agree.
    """
    first = instances[0].header
    if is_colour(first):
        return np.dtype(np.uint8 if whole(first, "BitsAllocated", 8) <= 8 or not _has_samples(first) else np.uint16)
    frames = [f for i in instances for f in i.frames]
    scales = {(f.slope, f.intercept) for f in frames}
    plain = all(slope == 1 and intercept.is_integer() for slope, intercept in scales)
    if not plain or set(factors) != {1.0} or any(_needs_float(i.header) for i in instances):
        return np.dtype(np.float32)
    ranges = [stored_range(i.header) for i in instances]
    low = min(r[0] for r in ranges) + min(s[1] for s in scales)
    high = max(r[1] for r in ranges) + max(s[1] for s in scales)
    fitting = (t for t in _INTEGERS if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return np.dtype(next(fitting, np.float32))


def _has_samples(header: "Dataset") -> bool:
    return whole(header, "SamplesPerPixel", 1) == 3


def _needs_float(header: "Dataset") -> bool:
    return item(header, "ModalityLUTSequence") is not None or whole(header, "BitsAllocated") > 16


def decode_frames(path: "Path", frames: Sequence[Frame]) -> "tuple[NDArray, FileDataset]":
    """Return one file's stored pixels ``(F, rows, columns)``, or ``(F, rows, columns, 3)`` as RGB, and its data set.

    Raises:
        ReadError: there are no pixels, fewer than the header says, or the code stream is damaged or of an unknown kind.
    """
    dataset = open_dataset(path)
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ReadError(
            f"{path.name} has no pixels",
            expected="a Pixel Data element",
            got="none; the file may be truncated",
            fix="fetch the file again from its source",
        )
    uid = dataset.file_meta.TransferSyntaxUID
    _check_codec(path, str(uid), uid.name)
    with guarded(path, "its pixels cannot be decoded; the file may be truncated"):
        from pydicom.pixels.utils import pixel_array

        codecs.register()
        codecs.check_streams(dataset)
        count = max(1, whole(dataset, "NumberOfFrames", 1))
        options = {"decoding_plugin": codecs.PLUGINS.get(str(uid), ""), "allow_excess_frames": False}
        if len(frames) == count:
            pixels = pixel_array(dataset, **options)
            pixels = pixels if count > 1 else pixels[None]
        else:
            pixels = np.stack([pixel_array(dataset, index=f.index, **options) for f in frames])
        if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
            pixels = _apply_palette(pixels, dataset)
    _check_colour_model(path, dataset)
    return pixels, dataset


def _check_codec(path: "Path", uid: str, name: str) -> None:
    """Raise where nobody decodes the transfer syntax, such as a video."""
    from pydicom.uid import UID

    syntax = UID(uid)
    if not syntax.is_transfer_syntax or (syntax.is_encapsulated and uid not in codecs.PLUGINS):
        raise ReadError(
            f"{path.name} is stored in a way that Diascope does not decode",
            expected="uncompressed, JPEG, JPEG lossless, JPEG-LS, JPEG 2000 or RLE",
            got=name if syntax.is_transfer_syntax else "an unknown transfer syntax",
            fix="convert it to Explicit VR Little Endian, for example with dcmconv or gdcmconv --raw",
        )


def _check_colour_model(path: "Path", dataset: "Dataset") -> None:
    """Raise for uncompressed pixels in a retired colour model, which nothing here turns into RGB."""
    photometric, uid = text(dataset, "PhotometricInterpretation"), str(dataset.file_meta.TransferSyntaxUID)
    retired = photometric in ("YBR_PARTIAL_422", "YBR_PARTIAL_420", "HSV", "ARGB", "CMYK")
    if retired and codecs.PLUGINS.get(uid) != codecs.LABEL:
        raise ReadError(
            f"{path.name} has a retired colour model",
            expected="MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR_FULL",
            got=photometric,
            fix="convert it to RGB",
        )


def _apply_palette(pixels: NDArray, dataset: "Dataset") -> NDArray[np.uint8]:
    """Return palette indices as 8-bit RGB; of 16-bit palettes the upper byte is taken, as every display does."""
    from pydicom.pixels.processing import apply_color_lut

    colours = apply_color_lut(pixels, dataset)
    return (colours >> 8 if colours.dtype.itemsize == 2 else colours).astype(np.uint8)


def scale_frames(
    pixels: NDArray, frames: Sequence[Frame], dataset: "Dataset", factors: Sequence[float], *, invert: bool
) -> NDArray:
    """Return stored pixels ``(F, rows, columns)`` as values, in float64 or the stored integer type widened.

    Args:
        pixels: as decoded; colour comes back as it is.
        frames: the frames' slopes and intercepts, one for each picture.
        dataset: for a Modality LUT (PS3.3 C.11.1), which stands in for slope and intercept.
        factors: a further factor for each frame, such as Bq/ml → SUV.
        invert: MONOCHROME1: mirror within what the header allows, so that the result does not depend on the picture.
    """
    if pixels.ndim == 4:
        return pixels
    table = item(dataset, "ModalityLUTSequence")
    if table is not None:
        from pydicom.pixels.processing import apply_modality_lut

        values = apply_modality_lut(pixels, dataset).astype(np.float64)
        return 2.0 ** int(table.LUTDescriptor[2]) - 1 - values if invert else values
    if invert and pixels.dtype.kind in "iu":
        low, high = stored_range(dataset)
        pixels = int(low + high) - pixels.astype(np.int64)
    if all(f.slope == 1 and f.intercept.is_integer() for f in frames) and set(factors) == {1.0}:
        offsets = np.asarray([int(f.intercept) for f in frames], dtype=np.int64).reshape(-1, 1, 1)
        return pixels + offsets if offsets.any() else pixels
    slope, intercept, factor = (
        np.asarray(v, dtype=np.float64).reshape(-1, 1, 1)
        for v in ([f.slope for f in frames], [f.intercept for f in frames], factors)
    )
    return (pixels * slope + intercept) * factor
