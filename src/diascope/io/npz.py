"""One array, or one row of a stacked array, of an .npz file: ``source.key`` and ``source.index`` say which.

Axes: see ``diascope.io._arrays``. Pickled objects are never loaded. An array whose name holds ``clips``, ``videos`` or
``cine`` holds images over time; an array ``fps`` beside it says how many frames a second: one number, or one a row.
"""

import re
from pathlib import Path

import numpy as np

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError, nearest
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io import _npz_store as store
from diascope.io._arrays import clip_of, header_of, header_of_clip, image_of
from diascope.io._files import first_bytes, reading

WHAT = "an .npz file"
CLIPS = {"clip", "clips", "video", "videos", "cine"}
RATE = "fps"


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


def is_clip(key: str) -> bool:
    """Answer whether an array's name says that it holds images over time."""
    return bool(CLIPS & set(re.split(r"[^a-z]+", key.lower())))


def _step_s(file: store.File, key: str, index: int | None) -> float | None:
    """Return the seconds between frames that the array of rates beside ``key`` gives, or None.

    Raises:
        ReadError: there are several rates and no row says which, or fewer rates than rows.
    """
    words = re.split(r"(?<=[^a-zA-Z])|(?=[^a-zA-Z])", key)
    own = "".join(RATE if word.lower() in CLIPS else word for word in words)
    name = next((k for k in (own, RATE) if k in store.keys(file)), None)
    if name is None:
        return None
    rates = np.ravel(store.read_array(file, name))
    row = 0 if len(rates) == 1 else index
    if row is None or row >= len(rates):
        raise ReadError(f"the array {name!r} does not fit {key!r}", expected="one rate, or one a row", got=len(rates))
    rate = float(rates[row])
    return 1 / rate if rate > 0 else None


def read_header(path: Path, source: Source) -> Header:
    """Return what the array's header says; see ``Reader.read_header``."""
    with reading(path, WHAT):
        file, about, key = _locate(path, source)
        shape = about.shape if source.index is None else about.shape[1:]
        if source.as_film or is_clip(key):
            return header_of_clip(shape, about.dtype, _step_s(file, key, source.index))
        return header_of(shape, about.dtype)


def read(path: Path, source: Source) -> Image:
    """Return the array or its row; see ``Reader.read``."""
    with reading(path, WHAT):
        file, _, key = _locate(path, source)
        array = store.read_array(file, key) if source.index is None else store.read_row(file, key, source.index)
        is_film = source.as_film or is_clip(key)
        return clip_of(array, _step_s(file, key, source.index)) if is_film else image_of(array)


READER = Reader("npz", (".npz",), is_readable, read, read_header)
