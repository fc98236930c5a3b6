"""NRRD, with its voxels in the same file (.nrrd) or beside it (.nhdr).

Axes without a space direction, or of a kind that is not spatial, are channels.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry
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
from diascope.io._files import first_bytes, reading, replacing
from diascope.io._nrrd_grid import channel_axes, directions, read_grid

WHAT = "an NRRD image"
COLOUR_KINDS = ("3-color", "rgb-color", "4-color", "rgba-color")
COMPRESSION_LEVEL = 3
"""As for NIfTI."""

DTYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
"""The format's names of number types."""


@dataclass(frozen=True)
class _Parsed:
    """A header understood: pynrrd's, the axes in our order (grid first, then channels), and what it means to us."""

    raw: Mapping[str, Any]
    axes: tuple[int, ...]
    header: Header


def is_readable(path: Path) -> bool:
    """Answer whether the file starts with NRRD's magic word."""
    return first_bytes(path, 4) == b"NRRD"


def _parse(file: BinaryIO) -> _Parsed:
    from nrrd import read_header as read_raw

    raw = read_raw(file)
    missing = [field for field in ("dimension", "sizes", "type", "encoding") if field not in raw]
    if missing:
        raise ReadError("the header lacks fields", expected="dimension, sizes, type, encoding", got=f"no {missing[0]}")
    name = str(raw["type"]).lower()
    if name not in DTYPES:
        raise ReadError("the type of the voxels is not understood", expected=", ".join(DTYPES), got=name)
    others = channel_axes(raw)
    spatial = [axis for axis in range(int(raw["dimension"])) if axis not in others]
    sizes = [int(n) for n in raw["sizes"]]
    grid, _ = split_shape(tuple(sizes[axis] for axis in spatial))
    geometry, notes = read_grid(raw, grid, spatial)
    channels = int(np.prod([sizes[axis] for axis in others], dtype=np.int64))
    kinds = [str(kind).lower() for kind in raw.get("kinds", ())]
    is_colour = any(kind in COLOUR_KINDS for kind in kinds)
    if channels > 1 and not is_colour:
        notes.append(
            f"The axes that are not spatial ({' x '.join(str(sizes[a]) for a in others)}) were read as channels."
        )
    if is_colour and channels == 4:
        channels = 3
        notes.append("The colours' transparency was left out.")
    dtype = native_dtype(np.dtype(DTYPES[name])).name
    header = Header(geometry, channels, dtype, notes=tuple(notes), photographic=is_colour and channels == 3)
    return _Parsed(raw, (*spatial, *others), header)


def read_header(path: Path, source: Source) -> Header:
    """Return what the header says; see ``Reader.read_header``."""
    with reading(path, WHAT), path.open("rb") as file:
        return one_channel(_parse(file).header, source)


def read(path: Path, source: Source) -> Image:
    """Return the image in RAS+ mm; see ``Reader.read``."""
    with reading(path, WHAT), path.open("rb") as file:
        parsed = _parse(file)
        voxels = _voxels(path, file, parsed.raw).transpose(parsed.axes)
        header = one_channel(parsed.header, source)
        spatial = len(parsed.axes) - len(channel_axes(parsed.raw))
        filled = voxels.reshape(*voxels.shape[:spatial], *(1,) * (3 - spatial), *voxels.shape[spatial:])
        array = channels_first(filled)[: parsed.header.channels]
        return Image(native(take_channel(array, source)), header.geometry, notes=header.notes)


def _voxels(path: Path, file: BinaryIO, raw: Mapping[str, Any]) -> NDArray:
    """Return the voxels in the order of the file's axes, from this file or the one beside it."""
    from nrrd import read_data

    beside = raw.get("data file", raw.get("datafile"))
    if beside is None:
        return read_data(raw, file, str(path))  # type: ignore[arg-type] — the mapping that pynrrd itself made
    if str(beside).upper().startswith("LIST") or "%" in str(beside):
        raise ReadError(
            "the voxels lie in several files",
            expected="one data file",
            got=str(beside),
            fix="write it as one .nrrd file",
        )
    attached = {field: value for field, value in raw.items() if field not in ("data file", "datafile")}
    with (path.parent / str(beside)).open("rb") as data:
        return read_data(attached, data, str(path))  # type: ignore[arg-type]


def write(path: Path, image: Image, like: Path | None) -> None:
    """Write an image, compressed, in one file; on the grid of ``like``, its space fields and shape are repeated.

    Raises:
        InputError: the suffix is .nhdr, or the voxels are complex.
        OSError: as the system says.
    """
    from nrrd import write as write_raw

    if path.suffix.lower() == ".nhdr":
        raise InputError(f"{path.name} would be two files", fix="choose the suffix .nrrd")
    array = storable(image.array)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path.name} cannot hold {array.dtype} voxels", expected="whole or real numbers")
    fields = _copied(image.geometry, like) or _own_fields(image.geometry)
    count = len(fields["kinds"])
    array = array.reshape(*array.shape, *(1,) * (count + 1 - array.ndim))
    if image.channels == 1:
        array = array[0]
    else:
        fields["kinds"] = ["vector", *fields["kinds"]]
        if "space directions" in fields:
            fields["space directions"] = np.vstack([np.full((1, 3), np.nan), fields["space directions"]])
    header = OrderedDict(encoding="gzip", **fields)
    with replacing(path) as file:
        write_raw(file, array, header, compression_level=COMPRESSION_LEVEL, index_order="F")


def _own_fields(geometry: Geometry) -> dict[str, Any]:
    """Return the header's fields for a grid, in LPS as Slicer and ITK write it."""
    if not geometry.has_spacing:
        return {"kinds": ["domain"] * geometry.ndim}
    lps = LPS_TO_RAS @ geometry.affine
    return {
        "space": "left-posterior-superior",
        "space directions": lps[:3, :3].T,
        "space origin": lps[:3, 3],
        "space units": ["mm"] * 3,
        "kinds": ["domain"] * 3,
    }


def _copied(geometry: Geometry, like: Path | None) -> dict[str, Any] | None:
    """Return the space fields of an NRRD file on the image's own grid."""
    if like is None or not is_readable(like):
        return None
    with reading(like, WHAT), like.open("rb") as file:
        parsed = _parse(file)
    other = parsed.header.geometry
    vectors = [vector for vector in directions(parsed.raw) if vector is not None]
    if not vectors or any(len(vector) != 3 for vector in vectors) or not other.is_same_grid(geometry):
        return None
    names = ("space", "space dimension", "space origin", "space units")
    fields = {name: parsed.raw[name] for name in names if name in parsed.raw}
    return {**fields, "space directions": np.array(vectors), "kinds": ["domain"] * len(vectors)}


READER = Reader("nrrd", (".nrrd", ".nhdr"), is_readable, read, read_header, write)
