"""PNG, JPEG and BMP: stored samples as they are, in the file's own bit depth."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.io._files import first_bytes

ORIENTATION_TAG = 274
"""Exif and TIFF tag 0x0112."""

FORMATS = ("PNG", "JPEG", "BMP")
COLOURS = ("RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa")
ALPHA_NOTE = "The transparency was left out."
PALETTE_NOTE = "The picture has a palette: read as colours, or as its indices where it is a label map."


@dataclass(frozen=True)
class Facts:
    """What a picture says before its samples are decoded: rows and columns are those after turning."""

    rows: int
    columns: int
    channels: int
    dtype: np.dtype
    orientation: int
    notes: tuple[str, ...]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield Pillow's image without its warnings: what they say is in a note or an error of ours."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=FORMATS) as picture:
            yield picture


def _depth(path: Path) -> int:
    """Return the bits of a PNG's sample (its IHDR chunk), 8 for all other formats."""
    start = first_bytes(path, 26)
    return start[24] if start.startswith(b"\x89PNG") and len(start) == 26 else 8


def _orientation(picture: Any) -> int:
    """Return Exif's orientation, 1 to 8; a PNG's is only looked for before its samples, which would be decoded."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1
    value = picture.getexif().get(ORIENTATION_TAG, 1)
    return value if value in range(1, 9) else 1


def _is_grey(picture: Any) -> bool:
    """Answer whether a palette holds greys only."""
    order, content = picture.palette.getdata()  # such as RGB or BGRX
    colours = np.frombuffer(content[: len(content) // len(order) * len(order)], np.uint8).reshape(-1, len(order))
    return bool((colours[:, :1] == colours[:, 1:3]).all())


def _facts(picture: Any, depth: int) -> Facts:
    notes = []
    mode, channels = picture.mode, 1
    if mode in COLOURS or (mode in ("P", "PA") and not _is_grey(picture)):
        channels = 3
    if mode in ("P", "PA"):
        notes.append(PALETTE_NOTE)
    if mode in ("LA", "PA", "RGBA", "RGBa", "La") or (mode == "P" and "transparency" in picture.info):
        notes.append(ALPHA_NOTE)
    if mode not in (*COLOURS, "P", "PA", "L", "LA", "La", "1", "I", "I;16", "I;16B", "F"):
        raise ReadError("the picture's kind is not understood", expected="grey, colour or palette", got=f"mode {mode}")
    orientation = _orientation(picture)
    columns, rows = picture.size[::-1] if orientation > 4 else picture.size
    if orientation > 1:
        notes.append(f"The picture was turned as its Exif orientation {orientation} says.")
    return Facts(rows, columns, channels, np.dtype(np.uint16 if depth == 16 else np.uint8), orientation, tuple(notes))


def read_facts(path: Path) -> Facts:
    """Return what a picture says of itself."""
    with _opened(path) as picture:
        return _facts(picture, _depth(path))


def read_samples(path: Path) -> tuple[NDArray, Facts]:
    """Return ``(rows, columns, C)`` as uint8 or uint16, and the picture's facts; transparency is left out."""
    depth = _depth(path)
    with _opened(path) as picture:
        facts = _facts(picture, depth)
        samples = _sixteen_bits(path) if depth == 16 else _eight_bits(picture, facts.channels, depth)
    samples = samples.reshape(*samples.shape[:2], -1)[..., : facts.channels]
    return turned(samples, facts.orientation), facts


def read_indices(path: Path) -> tuple[NDArray, Facts] | None:
    """Return the palette indices ``(rows, columns, 1)`` of a picture with a palette, None for all others."""
    with _opened(path) as picture:
        if picture.mode != "P":
            return None
        facts = _facts(picture, 8)
        return turned(np.array(picture)[..., None], facts.orientation), facts


def _sixteen_bits(path: Path) -> NDArray[np.uint16]:
    """Return a PNG's 16-bit samples; Pillow would cut coloured ones to 8 bits."""
    from imagecodecs import png_decode

    return np.asarray(png_decode(path.read_bytes()), np.uint16)


def _eight_bits(picture: Any, channels: int, depth: int) -> NDArray[np.uint8]:
    """Return samples of at most 8 bits; grey ones of 1, 2 and 4 bits keep their own numbers from 0."""
    if channels == 3:
        return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    if picture.mode in ("P", "PA"):
        return np.array(picture.convert("L"))
    array = np.array(picture)
    if depth < 8 and picture.mode != "1":
        array //= 255 // (2**depth - 1)  # Pillow spreads them over 0 to 255
    return array.astype(np.uint8)


def turned(samples: NDArray, orientation: int) -> NDArray:
    """Return ``(rows, columns, …)`` upright: Exif's orientation says where row 0 and column 0 lie."""
    if orientation > 4:
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return samples
