"""One numpy array in a file of its own, or one row of it where ``source.index`` says so.

Axes: see ``diascope.io._arrays``. Pickled objects are never loaded.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._arrays import header_of, image_of
from diascope.io._axes import storable
from diascope.io._files import cut_short, first_bytes, reading, replacing
from diascope.io._npz_store import pickled, read_array_header

WHAT = "a numpy array"


def is_readable(path: Path) -> bool:
    """Answer whether the file starts with numpy's magic string."""
    return first_bytes(path, 6) == b"\x93NUMPY"


def _mapped(path: Path, source: Source) -> NDArray:
    """Return the array or its row, not yet read from the disk.

    Raises:
        ReadError: it holds objects, is cut short, or has no such row.
    """
    with path.open("rb") as file:
        shape, is_fortran, dtype = read_array_header(file)
        start = file.tell()
    if dtype.hasobject:
        raise pickled(path.name)
    size, held = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize, path.stat().st_size - start
    if held < size:
        raise cut_short(path, size, held)
    if not size:
        return np.empty(shape, dtype)
    array = np.memmap(path, dtype, "r", start, shape, order="F" if is_fortran else "C")
    if source.index is None:
        return array
    if not shape or not 0 <= source.index < shape[0]:
        raise ReadError(f"{path.name} has no such row", expected=f"0 to {len(array) - 1}", got=source.index)
    return array[source.index]


def read_header(path: Path, source: Source) -> Header:
    """Return what the array's header says; see ``Reader.read_header``."""
    with reading(path, WHAT):
        array = _mapped(path, source)
        return header_of(array.shape, array.dtype)


def read(path: Path, source: Source) -> Image:
    """Return the array or its row; see ``Reader.read``."""
    with reading(path, WHAT):
        return image_of(np.array(_mapped(path, source)))


def write(path: Path, image: Image, like: Path | None) -> None:
    """Write the bare array: ``(I, J[, K])``, or ``(C, I, J[, K])`` where there are several channels.

    Raises:
        OSError: as the system says.
    """
    array = storable(image.array)
    with replacing(path) as file:
        np.lib.format.write_array(file, array[0] if image.channels == 1 else array, allow_pickle=False)


READER = Reader("npy", (".npy",), is_readable, read, read_header, write)
