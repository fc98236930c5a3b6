"""One array, or one row of a stacked array, of an .npz file: ``source.key`` and ``source.index`` say which.

Axes: see ``diascope.io._arrays``. Pickled objects are never loaded.
"""

from pathlib import Path

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError, nearest
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io import _npz_store as store
from diascope.io._arrays import header_of, image_of
from diascope.io._files import first_bytes, reading

WHAT = "an .npz file"


def is_readable(path: Path) -> bool:
    """Answer whether the file is a zip archive whose first member is a numpy array."""
    start = first_bytes(path, 512)
    return start.startswith(b"PK\x03\x04") and b".npy" in start[30 : 30 + int.from_bytes(start[26:28], "little")]


def _locate(path: Path, source: Source) -> tuple[store.File, store.Member, str]:
    """Return file, array header and key.

    Raises:
        ReadError: the key or the row is not there, or a key is needed.
    """
    file = store.identify(path)
    known = store.keys(file)
    if source.key is None and len(known) != 1:
        raise ReadError(
            f"{path.name} holds {len(known)} arrays",
            expected="the name of one",
            got="none",
            fix=f"name one as key: {', '.join(known)}",
        )
    key = known[0] if source.key is None else source.key
    if key not in known:
        raise ReadError(
            f"{path.name} has no array {key!r}", expected=", ".join(known), got=key, fix=nearest(key, known)
        )
    about = store.member(file, key)
    if source.index is not None and (not about.shape or not 0 <= source.index < about.shape[0]):
        rows = about.shape[0] if about.shape else 0
        raise ReadError(f"{path.name}: array {key!r} has no such row", expected=f"0 to {rows - 1}", got=source.index)
    return file, about, key


def read_header(path: Path, source: Source) -> Header:
    """Return what the array's header says; see ``Reader.read_header``."""
    with reading(path, WHAT):
        _, about, _ = _locate(path, source)
        return header_of(about.shape if source.index is None else about.shape[1:], about.dtype)


def read(path: Path, source: Source) -> Image:
    """Return the array or its row; see ``Reader.read``."""
    with reading(path, WHAT):
        file, _, key = _locate(path, source)
        array = store.read_array(file, key) if source.index is None else store.read_row(file, key, source.index)
        return image_of(array)


READER = Reader("npz", (".npz",), is_readable, read, read_header)
