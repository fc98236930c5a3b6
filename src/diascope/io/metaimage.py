"""MetaImage (.mha, .mhd), as ITK reads and writes it; its space is LPS.

Keys: https://itk.org/Wiki/ITK/MetaIO/Documentation. ``AnatomicalOrientation`` only repeats the directions and is
not read.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._axes import (
    LPS_TO_RAS,
    channels_first,
    native,
    native_dtype,
    one_channel,
    split_shape,
    storable,
    take_channel,
)
from diascope.io._files import LARGEST_DEFLATE_RATIO, cut_short, first_bytes, reading, replacing

WHAT = "a MetaImage"
LONGEST_HEADER = 1 << 16
COMPRESSION_LEVEL = 3
"""As for NIfTI."""

DTYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
"""MetaIO's types; a long has four bytes in a file, on every platform (metaTypes.h)."""


@dataclass(frozen=True)
class _Parsed:
    """A header understood: its keys in lower case, its length in bytes, the file's sizes and type."""

    keys: Mapping[str, str]
    length: int
    sizes: tuple[int, ...]
    components: int
    dtype: np.dtype
    header: Header


def is_readable(path: Path) -> bool:
    """Answer whether the first line is one of MetaImage's."""
    start = first_bytes(path, 64).lstrip().split(b"=")[0].strip().lower()
    return start in (b"objecttype", b"ndims", b"comment", b"id") and b"NDims" in first_bytes(path, 4096)


def _keys(path: Path) -> tuple[dict[str, str], int]:
    """Return the header's lines by key in lower case, and where the voxels start.

    Raises:
        ReadError: there is no ElementDataFile line.
    """
    block = first_bytes(path, LONGEST_HEADER)
    if not block:
        path.open("rb").close()  # says what is wrong where the file cannot be opened
    keys: dict[str, str] = {}
    position = 0
    while position < len(block) and "elementdatafile" not in keys:
        end = block.find(b"\n", position)
        end = len(block) if end < 0 else end
        key, _, value = block[position:end].decode("utf-8", "replace").partition("=")
        keys[key.strip().lower()] = value.strip()
        position = end + 1
    if "elementdatafile" not in keys:
        raise ReadError(
            "the header has no ElementDataFile line", expected="lines of key = value", got=f"{len(keys)} lines"
        )
    return keys, position


def _parse(path: Path) -> _Parsed:
    keys, length = _keys(path)
    missing = [key for key in ("NDims", "DimSize", "ElementType") if key.lower() not in keys]
    if missing:
        raise ReadError("the header lacks keys", expected="NDims, DimSize, ElementType", got=f"no {missing[0]}")
    ndim = int(keys["ndims"])
    sizes = tuple(int(n) for n in keys["dimsize"].split())
    kind = keys["elementtype"].upper().removesuffix("_ARRAY")
    if kind not in DTYPES or len(sizes) != ndim:
        raise ReadError(
            "the header contradicts itself", expected=f"{ndim} sizes; {', '.join(DTYPES)}", got=f"{len(sizes)}; {kind}"
        )
    is_big = _is_true(keys, "binarydatabyteordermsb") or _is_true(keys, "elementbyteordermsb")
    dtype = np.dtype((">" if is_big else "<") + DTYPES[kind])
    components = int(keys.get("elementnumberofchannels", 1))
    grid, further = split_shape(sizes)
    geometry, notes = _grid(keys, ndim, grid)
    channels = components * further
    if further > 1:
        notes.append(f"The axes after the third ({' x '.join(map(str, sizes[3:]))}) were read as channels.")
    is_colour = components == 3 and further == 1 and dtype == np.uint8
    header = Header(geometry, channels, native_dtype(dtype).name, notes=tuple(notes), photographic=is_colour)
    return _Parsed(keys, length, sizes, components, dtype, header)


def _is_true(keys: Mapping[str, str], name: str) -> bool:
    return keys.get(name, "").lower() in ("true", "1", "t")


def _numbers(keys: Mapping[str, str], *names: str) -> NDArray[np.float64] | None:
    """Return the numbers of the first of these keys that is there."""
    for name in names:
        if name in keys:
            return np.array([float(n) for n in keys[name].split()])
    return None


def _grid(keys: Mapping[str, str], ndim: int, shape: tuple[int, ...]) -> tuple[Geometry, list[str]]:
    """Return the grid in RAS+ mm; row n of TransformMatrix is the direction of axis n."""
    spacing = _numbers(keys, "elementspacing", "elementsize")
    if spacing is None:
        return geometry_without_spacing(shape), ["The header has no spacing."]
    notes = []
    matrix = _numbers(keys, "transformmatrix", "orientation", "rotation")
    offset = _numbers(keys, "offset", "position", "origin")
    if matrix is None or offset is None:
        absent = " and ".join(n for n, v in (("directions", matrix), ("origin", offset)) if v is None)
        notes.append(f"The header has no {absent}.")
    rows = np.eye(ndim) if matrix is None else matrix.reshape(ndim, ndim)
    used = min(ndim, 3)
    affine = np.eye(4)
    affine[:used, :used] = (rows[:used, :used] * spacing[:used, None]).T
    if offset is not None:
        affine[:used, 3] = offset[:used]
    return Geometry(shape, LPS_TO_RAS @ affine), notes


def read_header(path: Path, source: Source) -> Header:
    """Return what the header says; see ``Reader.read_header``."""
    with reading(path, WHAT):
        return one_channel(_parse(path).header, source)


def read(path: Path, source: Source) -> Image:
    """Return the image in RAS+ mm; see ``Reader.read``."""
    with reading(path, WHAT):
        parsed = _parse(path)
        header = one_channel(parsed.header, source)
        flat = _values(path, parsed)
        voxels = flat.reshape(parsed.components, *parsed.sizes, order="F")
        spatial = np.moveaxis(voxels, 0, -1)
        if len(parsed.sizes) == 2:
            spatial = spatial[:, :, None, :]
        return Image(native(take_channel(channels_first(spatial), source)), header.geometry, notes=header.notes)


def _values(path: Path, parsed: _Parsed) -> NDArray:
    """Return all numbers of the file in their order.

    Raises:
        ReadError: there are fewer than the header says, or they lie where Diascope does not look.
    """
    count = int(np.prod(parsed.sizes, dtype=np.int64)) * parsed.components
    data_file = parsed.keys["elementdatafile"]
    if data_file.upper().startswith("LIST") or "%" in data_file:
        raise ReadError(
            "the voxels lie in several files", expected="one data file", got=data_file, fix="write it as one .mha file"
        )
    is_local = data_file.upper() == "LOCAL"
    content = path.read_bytes() if is_local else (path.parent / data_file).read_bytes()
    content = memoryview(content)[parsed.length if is_local else 0 :]
    if parsed.keys.get("binarydata", "true").lower() in ("false", "0"):
        values = np.array(bytes(content).split()[:count], parsed.dtype.newbyteorder("="))
        size = values.nbytes
    else:
        raw = _binary(path, content, parsed, count * parsed.dtype.itemsize)
        size = len(raw)
        values = np.frombuffer(raw, parsed.dtype, min(count, size // parsed.dtype.itemsize))
    if len(values) < count:
        raise cut_short(path, count * parsed.dtype.itemsize, size)
    return values


def _binary(path: Path, content: memoryview, parsed: _Parsed, size: int) -> memoryview | bytes:
    """Return at most ``size`` bytes of voxels from a file's content, uncompressed."""
    if _is_true(parsed.keys, "compresseddata"):
        if size > len(content) * LARGEST_DEFLATE_RATIO:
            raise cut_short(path, size, len(content) * LARGEST_DEFLATE_RATIO)
        return zlib.decompressobj(47).decompress(content, size)  # 47: zlib or gzip, as MetaIO takes both
    skip = int(parsed.keys.get("headersize", 0))
    start = len(content) - size if skip < 0 else skip
    return content[max(start, 0) : max(start, 0) + size]


def write(path: Path, image: Image, like: Path | None) -> None:
    """Write an image, compressed, in one file; on the grid of ``like``, that file's numbers and shape are repeated.

    Raises:
        InputError: the suffix is .mhd, or the voxels are complex.
        OSError: as the system says.
    """
    if path.suffix.lower() == ".mhd":
        raise InputError(f"{path.name} would be two files", fix="choose the suffix .mha")
    array = storable(image.array)
    types = {dtype: name for name, dtype in DTYPES.items() if "LONG" not in name or "LONG_LONG" in name}
    code = f"{array.dtype.kind}{array.dtype.itemsize}"
    if code not in types:
        raise InputError(f"{path.name} cannot hold {array.dtype} voxels", expected="whole or real numbers")
    lines = _copied(image.geometry, like) or _own_lines(image.geometry)
    packed = zlib.compress(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes("F"), COMPRESSION_LEVEL)
    text = [
        "ObjectType = Image",
        *lines,
        *([f"ElementNumberOfChannels = {image.channels}"] if image.channels > 1 else []),
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = True",
        f"CompressedDataSize = {len(packed)}",
        f"ElementType = {types[code]}",
        "ElementDataFile = LOCAL",
    ]
    with replacing(path) as file:
        file.write(("\n".join(text) + "\n").encode())
        file.write(packed)


def _own_lines(geometry: Geometry) -> list[str]:
    """Return the header's lines for a grid; a two-dimensional one keeps its place as one slice of three axes."""
    if not geometry.has_spacing:
        return [f"NDims = {geometry.ndim}", f"DimSize = {' '.join(map(str, geometry.shape))}"]
    lps = LPS_TO_RAS @ geometry.affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    rows = (lps[:3, :3] / spacing).T
    sizes = (*geometry.shape, 1)[:3]
    return [
        "NDims = 3",
        f"TransformMatrix = {_text(rows.ravel())}",
        f"Offset = {_text(lps[:3, 3])}",
        f"ElementSpacing = {_text(spacing)}",
        f"DimSize = {' '.join(map(str, sizes))}",
    ]


def _text(numbers: NDArray[np.float64]) -> str:
    """Return numbers so that reading them gives the same bits."""
    return " ".join(repr(float(n) + 0.0) for n in numbers)


def _copied(geometry: Geometry, like: Path | None) -> list[str] | None:
    """Return the lines of a MetaImage on the image's own grid that say where it lies."""
    if like is None or not is_readable(like):
        return None
    with reading(like, WHAT):
        parsed = _parse(like)
    if len(parsed.sizes) > 3 or not parsed.header.geometry.is_same_grid(geometry):
        return None
    names = (
        "NDims TransformMatrix Orientation Rotation Offset Position Origin CenterOfRotation AnatomicalOrientation "
        "ElementSpacing ElementSize DimSize"
    )
    return [f"{name} = {parsed.keys[name.lower()]}" for name in names.split() if name.lower() in parsed.keys]


READER = Reader("metaimage", (".mha", ".mhd"), is_readable, read, read_header, write)
