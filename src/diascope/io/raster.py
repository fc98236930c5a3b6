"""PNG, JPEG, TIFF and BMP: rows are I, columns J, pages of a TIFF K.

- 8 and 16 bits stay, and so does the number type of a TIFF. Samples are never rescaled.
- Transparency is left out, with a note. Exif's orientation is applied.
- A picture with a palette is read as red, green and blue (as grey where its palette is), and as its indices by
  ``read_labels``, which also takes one channel of a grey picture stored as three equal ones.
- Dots per inch or per metre in PNG, JPEG and BMP say how large a picture was meant to be printed; they are not a
  pixel size. TIFF: see ``diascope.io._tiff``. Where there is a pixel size, the axes' direction in the patient is
  unknown and the affine is diagonal.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io import _picture, _tiff
from diascope.io._axes import native, storable
from diascope.io._files import first_bytes, reading, replacing

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
STARTS = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"BM": "a BMP picture"}
LOSSY_NOTE = "JPEG changes values when it is written: labels in it may be wrong at edges."


def is_readable(path: Path) -> bool:
    """Answer whether the file starts like one of the four formats."""
    return first_bytes(path, 4).startswith((*STARTS, *TIFF_STARTS))


def _is_tiff(path: Path) -> bool:
    return first_bytes(path, 4) in TIFF_STARTS


def _what(path: Path) -> str:
    """Return the format's name with its article, by first bytes, else by suffix."""
    start = first_bytes(path, 4)
    for magic, name in STARTS.items():
        if start.startswith(magic):
            return name
    return "a TIFF picture" if _is_tiff(path) or path.suffix.lower().startswith(".tif") else "a picture"


def _geometry(shape: tuple[int, ...], spacing_mm: tuple[float, ...] | None) -> Geometry:
    """Return the grid; a pixel size alone gives a diagonal affine."""
    if spacing_mm is None:
        return geometry_without_spacing(shape)
    return Geometry(shape, np.diag([*spacing_mm, *(1.0,) * (3 - len(spacing_mm)), 1.0]))


def _header(facts: _picture.Facts | _tiff.Facts) -> Header:
    if isinstance(facts, _tiff.Facts):
        geometry = _geometry(facts.shape, facts.spacing_mm)
        is_colour = facts.channels == 3 and facts.colours in ("rgb", "palette")
    else:
        geometry = _geometry((facts.rows, facts.columns), None)
        is_colour = facts.channels == 3
    return Header(geometry, facts.channels, facts.dtype.name, notes=facts.notes, photographic=is_colour)


def read_header(path: Path, source: Source) -> Header:
    """Return what the file says before its samples are decoded; see ``Reader.read_header``."""
    with reading(path, _what(path)):
        return _header(_tiff.read_facts(path) if _is_tiff(path) else _picture.read_facts(path))


def _image(samples: NDArray, header: Header) -> Image:
    """Return the image of samples ``(rows, columns[, K], C)``."""
    array = np.moveaxis(samples, -1, 0).reshape(-1, *header.geometry.shape)
    return Image(native(np.ascontiguousarray(array)), header.geometry, notes=header.notes)


def read(path: Path, source: Source) -> Image:
    """Return the picture as ``(C, rows, columns[, K])``; see ``Reader.read``."""
    with reading(path, _what(path)):
        samples, facts = _tiff.read_samples(path) if _is_tiff(path) else _picture.read_samples(path)
        return _image(samples, _header(facts))


def read_labels(path: Path, source: Source) -> Image:
    """Return a label map ``(1, rows, columns[, K])``: palette indices, or one of several equal channels."""
    with reading(path, _what(path)):
        image = _indices(path)
    if image is not None:
        return image
    image = read(path, source)
    if first_bytes(path, 3) == b"\xff\xd8\xff":
        image = image.with_note(LOSSY_NOTE)
    if image.channels > 1 and bool((image.array[:1] == image.array[1:]).all()):
        return image.with_array(image.array[:1])
    return image


def _indices(path: Path) -> Image | None:
    """Return the palette indices of a picture that has a palette."""
    if _is_tiff(path):
        if _tiff.read_facts(path).colours != "palette":
            return None
        samples, facts = _tiff.read_samples(path, indices=True)
        geometry = _geometry(facts.shape, facts.spacing_mm)
    else:
        found = _picture.read_indices(path)
        if found is None:
            return None
        samples, facts = found
        geometry = _geometry((facts.rows, facts.columns), None)
    header = Header(geometry, 1, samples.dtype.name, notes=facts.notes)
    return _image(samples[..., :1], header)


def write(path: Path, image: Image, like: Path | None) -> None:
    """Write a PNG (uint8 or uint16, one page, 1 or 3 channels) or a TIFF (any number type, also volumes).

    ``like`` adds nothing: these headers say no more than the image itself.

    Raises:
        InputError: the format would change the values.
        OSError: as the system says.
    """
    suffix = path.suffix.lower()
    array = storable(image.array)
    if suffix == ".png":
        data = _encoded_png(path, image, array)
        with replacing(path) as file:
            file.write(data)
    elif suffix in (".tif", ".tiff"):
        if array.dtype.kind not in "iuf":
            raise InputError(f"{path.name} cannot hold {array.dtype} samples", expected="whole or real numbers")
        with replacing(path) as file:
            _tiff.write_tiff(file, array, image.geometry.spacing_mm)
    else:
        raise InputError(f"{suffix} files are only read", expected=".png, .tif", got=suffix, fix="choose .png or .tif")


def _encoded_png(path: Path, image: Image, array: NDArray) -> bytes:
    """Return the file's content.

    Raises:
        InputError: the image has slices, another number of channels, or values that PNG cannot hold.
    """
    from imagecodecs import png_encode

    if image.geometry.ndim != 2 or image.channels not in (1, 3):
        raise InputError(
            f"{path.name} cannot hold this image",
            expected="two axes and 1 or 3 channels",
            got=f"array {image.array.shape}",
            fix="choose .tif or .nii.gz",
        )
    if array.dtype == np.int16 and array.min(initial=0) >= 0:
        array = array.astype(np.uint16)
    if array.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path.name} cannot hold this image",
            expected="whole numbers from 0 to 65535",
            got=f"{array.dtype}, {array.min():.4g} to {array.max():.4g}",
            fix="choose .tif or .nii.gz",
        )
    samples = np.ascontiguousarray(np.moveaxis(array, 0, -1))
    return bytes(png_encode(samples[..., 0] if image.channels == 1 else samples))


READER = Reader(
    name="raster",
    suffixes=(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"),
    is_readable=is_readable,
    read=read,
    read_header=read_header,
    write=write,
    read_labels=read_labels,
    rows_first=True,
)
