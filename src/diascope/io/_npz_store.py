"""Arrays of .npz files, kept open so that thousands of rows are read without opening anything again.

Small arrays are kept uncompressed in memory. From large ones single rows are read through a stream that only goes
forward quickly: rows read in their order cost one pass over the file, whatever its size.
"""

import os
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.io._files import read_exactly

LARGEST_KEPT_BYTES = 1 << 28
"""All arrays kept in memory together. Chosen here: MedMNIST's sets at 28 and 64 pixels have up to 1.2 GB; keeping the
smaller ones whole makes a row cost microseconds, and 256 MiB is a sixteenth of the smallest machine we plan for."""

MOST_STREAMS = 8

File = tuple[str, int, int]
"""A path with its time of change in ns and its size: a changed file is another one."""

_kept: OrderedDict[tuple[File, str], NDArray] = OrderedDict()
_streams: OrderedDict[tuple[int, File, str], IO[bytes]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Member:
    """One array of a file: what its header says and where its numbers start in the uncompressed member."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    start: int

    @property
    def size(self) -> int:
        """Return the bytes of all numbers."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def identify(path: Path) -> File:
    """Return what a file is known by here."""
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def keys(file: File) -> tuple[str, ...]:
    """Return the names of the arrays in a file."""
    with zipfile.ZipFile(file[0]) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


@lru_cache(maxsize=256)
def member(file: File, key: str) -> Member:
    """Return what an array's header says.

    Raises:
        ReadError: the array holds pickled objects, which are never loaded.
    """
    name = Path(file[0]).name
    with zipfile.ZipFile(file[0]) as archive, archive.open(f"{key}.npy") as stream:
        shape, is_fortran, dtype = read_array_header(stream)
        if dtype.hasobject:
            raise pickled(f"{name}: array {key!r}")
        return Member(f"{key}.npy", shape, dtype, is_fortran, stream.tell())


def read_array_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, Fortran order and type from the start of an array in numpy's format.

    Raises:
        ReadError: the format's version is one for structured arrays only.
    """
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ReadError("the voxels are no numbers", expected="numpy format 1 or 2", got=f"version {version}")


def pickled(what: str) -> ReadError:
    """Return the error for an array of Python objects."""
    return ReadError(
        f"{what} holds Python objects (a pickle), which can run any code and are never loaded",
        expected="an array of numbers",
        got="dtype object",
        fix="save it again as a plain array, with a number type",
    )


def read_array(file: File, key: str) -> NDArray:
    """Return a whole array, read-only where it is kept for the next call."""
    with _lock:
        if (file, key) in _kept:
            _kept.move_to_end((file, key))
            return _kept[file, key]
    about = member(file, key)
    with zipfile.ZipFile(file[0]) as archive, archive.open(about.name) as stream:
        array = _numbers(file, stream, about, about.start, about.shape)
        stream.read(1)  # at the member's end this compares its check sum
    if about.size <= LARGEST_KEPT_BYTES:
        array.setflags(write=False)
        _keep(file, key, array)
    return array


def _numbers(file: File, stream: IO[bytes], about: Member, start: int, shape: tuple[int, ...]) -> NDArray:
    """Return the numbers of an array or one of its rows."""
    stream.seek(start)
    count = int(np.prod(shape, dtype=np.int64)) * about.dtype.itemsize
    flat = read_exactly(stream, count, Path(file[0])).view(about.dtype)
    return flat.reshape(shape, order="F" if about.is_fortran else "C")


def _keep(file: File, key: str, array: NDArray) -> None:
    with _lock:
        _kept[file, key] = array
        while sum(kept.nbytes for kept in _kept.values()) > LARGEST_KEPT_BYTES:
            _kept.popitem(last=False)


def read_row(file: File, key: str, index: int) -> NDArray:
    """Return one row of a stacked array; read-only where the array is kept."""
    about = member(file, key)
    if about.size <= LARGEST_KEPT_BYTES or about.is_fortran:
        return read_array(file, key)[index]
    row = about.shape[1:]
    size = int(np.prod(row, dtype=np.int64)) * about.dtype.itemsize
    with _lock:  # a stream has one position
        return _numbers(file, _stream(file, about), about, about.start + index * size, row)


def _stream(file: File, about: Member) -> IO[bytes]:
    """Return the open member; a forked process opens its own, as it would share its parent's position in the file."""
    known = (os.getpid(), file, about.name)
    if known not in _streams:
        with zipfile.ZipFile(file[0]) as archive:
            _streams[known] = archive.open(about.name)  # stays readable after the archive's own handle is closed
        while len(_streams) > MOST_STREAMS:
            _streams.popitem(last=False)[1].close()
    _streams.move_to_end(known)
    return _streams[known]


def close() -> None:
    """Forget every array and close every stream."""
    with _lock:
        _kept.clear()
        while _streams:
            _streams.popitem()[1].close()
