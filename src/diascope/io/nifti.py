"""NIfTI-1 and NIfTI-2 in one file, plain or compressed with gzip.

The first three axes are the grid; all further ones are channels, of which
``source.index`` chooses one. A fourth axis alone is time where the header says so: a unit of time, a step above 0 and
more frames than an image has channels (ITK writes seconds and a step of 1 into every file, so that few volumes stay
channels). An image with one slice is two-dimensional and keeps
its place in space. Whole numbers stay as they are stored unless scl_slope asks for scaling, which gives float32.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip, even_clip
from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._axes import (
    channels_first,
    channels_last,
    native,
    native_dtype,
    one_channel,
    split_shape,
    storable,
    take_channel,
)
from diascope.io._files import LARGEST_DEFLATE_RATIO, cut_short, first_bytes, read_exactly, reading, replacing
from diascope.io._nifti_grid import read_grid

WHAT = "a NIfTI image"
GZIP = b"\x1f\x8b"
COMPRESSION_LEVEL = 3
"""Chosen here: a 78 MB label map takes a third of the time of level 6, for a tenth more bytes."""

SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}
"""Codes of the temporal part of xyzt_units (nifti1.h) and the seconds in each."""

FEWEST_FRAMES = 5
"""Chosen here: the four sequences of BraTS are the most channels that the data sets at hand hold in one file, and their
headers name seconds too; a film of four frames is none."""

COPIED = ("qform_code", "sform_code", "qoffset_x", "qoffset_y", "qoffset_z", "quatern_b", "quatern_c", "quatern_d")
COPIED_ARRAYS = ("srow_x", "srow_y", "srow_z")


@dataclass(frozen=True)
class _Parsed:
    """A header understood: nibabel's, the file's shape, where its voxels start, and what it means to us."""

    raw: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    scale: tuple[float, float] | None
    header: Header


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """Yield the uncompressed file, whatever its suffix says."""
    compressed = first_bytes(path, 2) == GZIP
    with gzip.open(path, "rb") if compressed else path.open("rb") as file:
        yield cast(BufferedIOBase, file)


def is_readable(path: Path) -> bool:
    """Answer whether the file starts like NIfTI, compressed or not."""
    if first_bytes(path, 2) != GZIP:
        return _version(first_bytes(path, 4)) > 0
    try:
        with gzip.open(path, "rb") as file:
            return _version(file.read(4)) > 0
    except (OSError, EOFError, zlib.error):
        return False


def _version(start: bytes) -> int:
    """Return 1 or 2 by the length of the header in either byte order, or 0."""
    return {348: 1, 540: 2}.get(int.from_bytes(start[:4], "little"), 0) or {348: 1, 540: 2}.get(
        int.from_bytes(start[:4], "big"), 0
    )


def _raw_header(block: bytes) -> Any:
    """Return nibabel's header, unchecked: its checks repair in silence or write to the terminal."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    version = _version(block)
    size = 540 if version == 2 else 348
    if not version or len(block) < size:
        raise ReadError(
            "the file does not start with a NIfTI header",
            expected="348 or 540 bytes that say so",
            got=f"{len(block)} bytes" if len(block) < 348 else "something else",
            fix="copy or export the file again",
        )
    raw = Nifti2Header(block[:540], check=False) if version == 2 else Nifti1Header(block[:348], check=False)
    if not bytes(raw["magic"].item()).startswith(b"n+"):
        raise ReadError(
            "the header belongs to a pair of files (.hdr and .img) or to Analyze 7.5",
            expected="magic n+1 or n+2",
            got=raw["magic"].item(),
            fix="convert it to one .nii.gz file",
        )
    return raw


def _parse(file: BufferedIOBase) -> _Parsed:
    raw = _raw_header(file.read(540))
    ndim = int(raw["dim"][0])
    if not 1 <= ndim <= 7:
        raise ReadError("the header's number of axes is wrong", expected="1 to 7", got=ndim)
    shape = tuple(int(n) for n in raw.get_data_shape())
    grid, channels = split_shape(shape)
    dtype = raw.get_data_dtype()
    geometry, notes = read_grid(raw, grid)
    scale = None
    photographic = dtype.names is not None
    if photographic:
        channels, result = 3 * channels, np.dtype(np.uint8)
        if len(dtype.names) > 3:
            notes.append("The colours' transparency was left out.")
    else:
        result = native_dtype(dtype)
        slope, inter = raw.get_slope_inter()
        if slope is not None and (slope, inter) != (1.0, 0.0):
            scale, result = (float(slope), float(inter)), np.dtype(np.float32)
    clip = None if photographic else _time_of(raw, shape)
    if clip is not None:
        notes.append(f"The fourth axis was read as time, as the header says: {clip.describe()}.")
    elif len(shape) > 3 and channels > 1 and not photographic:
        notes.append(f"The axes after the third ({' x '.join(map(str, shape[3:]))}) were read as channels.")
    is_colour = photographic and channels == 3
    header = Header(geometry, channels, result.name, notes=tuple(notes), photographic=is_colour, clip=clip)
    smallest = 544 if raw.sizeof_hdr == 540 else 352
    return _Parsed(raw, shape, dtype, max(int(raw["vox_offset"]), smallest), scale, header)


def _time_of(raw: Any, shape: tuple[int, ...]) -> Clip | None:
    """Return the time axis that a header declares, or None where further axes are channels."""
    second = SECONDS.get(int(raw["xyzt_units"]) & 56)
    step = float(str(raw["pixdim"][4]))  # as it was written, without the digits that float32 adds
    frames, *further = (*shape[3:], 1)
    is_time = frames >= FEWEST_FRAMES and all(n == 1 for n in further)
    if second is None or not is_time or not np.isfinite(step) or step <= 0:
        return None
    return even_clip(frames, step * second)


def read_header(path: Path, source: Source) -> Header:
    """Return what the header says; see ``Reader.read_header``."""
    with reading(path, WHAT), _opened(path) as file:
        return one_channel(_parse(file).header, source)


def read(path: Path, source: Source) -> Image:
    """Return the image in RAS+ mm; see ``Reader.read``."""
    with reading(path, WHAT), _opened(path) as file:
        parsed = _parse(file)
        array = channels_first(_voxels(file, parsed, path))
        header = one_channel(parsed.header, source)
        return Image(take_channel(array, source), header.geometry, notes=header.notes, clip=header.clip)


def _voxels(file: BufferedIOBase, parsed: _Parsed, path: Path) -> NDArray:
    """Return the scaled voxels ``(I, J[, K[, ...]])``; a colour's parts are the last axis.

    Raises:
        ReadError: the file is shorter than its header says.
    """
    count = int(np.prod(parsed.shape, dtype=np.int64)) * parsed.dtype.itemsize
    size = path.stat().st_size
    largest = size * LARGEST_DEFLATE_RATIO if isinstance(file, gzip.GzipFile) else size - parsed.offset
    if count > largest:
        raise cut_short(path, count, max(largest, 0))
    file.seek(parsed.offset)
    stored = read_exactly(file, count, path)
    file.read(1)  # at the end of a gzip stream this compares its check sum
    if parsed.dtype.names is not None:
        parts = stored.reshape(len(parsed.dtype.names), *parsed.shape, order="F")[:3]
        spatial = (*parsed.shape, *(1,) * (3 - len(parsed.shape)))
        return np.moveaxis(parts, 0, -1).reshape(*spatial, -1, order="F")
    voxels = stored.view(parsed.dtype).reshape(parsed.shape, order="F")
    return native(voxels) if parsed.scale is None else _scaled(voxels, *parsed.scale)


def _scaled(voxels: NDArray, slope: float, inter: float) -> NDArray[np.float32]:
    """Return ``voxels * slope + inter`` as float32, computed wider where float32 would round the stored number."""
    exact = voxels.dtype.itemsize <= 2 or voxels.dtype == np.float32
    result = voxels.astype(np.float32 if exact else np.float64)
    result *= slope
    result += inter
    return result.astype(np.float32, copy=False)


def write(path: Path, image: Image, like: Path | None) -> None:
    """Write an image; where it lies on the grid of ``like``, that file's affines, codes, unit and shape are repeated.

    Wide integers are narrowed to what their values need. Texts of the other header (description, file names) are not
    copied: they may name a patient.

    Raises:
        InputError: the voxels are complex.
        OSError: as the system says.
    """
    array = storable(image.array)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path.name} cannot hold {array.dtype} voxels", expected="whole or real numbers")
    model = _model(image.geometry, like)
    slices = model is None or len(model.shape) > 2
    voxels = channels_last(image.with_array(array), slices=slices)
    raw = _new_header(voxels, image.geometry, model)
    if image.clip is not None:
        _set_time(raw, image.clip)
    with replacing(path) as file:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, file, mtime=0) as packed:
                _store(cast(BinaryIO, packed), raw, voxels)
        else:
            _store(file, raw, voxels)


def _model(geometry: Geometry, like: Path | None) -> _Parsed | None:
    """Return the header to repeat: that of a NIfTI file on the image's own grid."""
    if like is None or not is_readable(like):
        return None
    with reading(like, WHAT), _opened(like) as file:
        parsed = _parse(file)
    other = parsed.header.geometry
    same = other.has_spacing == geometry.has_spacing and other.is_same_grid(geometry)
    return parsed if same else None


def _new_header(voxels: NDArray, geometry: Geometry, model: _Parsed | None) -> Any:
    """Return a header for voxels ``(I, J[, K][, C])``."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    is_second = max(voxels.shape) > np.iinfo(np.int16).max or (model is not None and model.raw.sizeof_hdr == 540)
    raw = Nifti2Header() if is_second else Nifti1Header()
    raw.set_data_dtype(voxels.dtype.newbyteorder("="))
    raw.set_data_shape(voxels.shape)
    raw["scl_slope"], raw["scl_inter"], raw["vox_offset"] = 1, 0, 544 if is_second else 352
    if model is not None:
        for field in (*COPIED, *COPIED_ARRAYS):
            raw[field] = model.raw[field]
        raw["pixdim"][:4] = model.raw["pixdim"][:4]
        raw["xyzt_units"] = model.raw["xyzt_units"]
    elif geometry.has_spacing:
        raw.set_qform(geometry.affine, 1, strip_shears=True)
        raw.set_sform(geometry.affine, 1)
        raw.set_xyzt_units("mm")
    return raw


def _set_time(raw: Any, clip: Clip) -> None:
    """Write the time axis: seconds and the median step, or no unit of time where it is unknown."""
    raw["pixdim"][4] = clip.step_s or 0
    raw["xyzt_units"] = int(raw["xyzt_units"]) & 7 | (8 if clip.step_s else 0)


def _store(file: BinaryIO, raw: Any, voxels: NDArray) -> None:
    """Write header and voxels, a slice at a time so that no second copy of the volume is made."""
    file.write(raw.binaryblock)
    file.write(bytes(int(raw["vox_offset"]) - raw.sizeof_hdr))
    for reversed_index in np.ndindex(voxels.shape[:1:-1]):
        file.write(voxels[(..., *reversed_index[::-1])].tobytes("F"))


READER = Reader("nifti", (".nii.gz", ".nii"), is_readable, read, read_header, write)
