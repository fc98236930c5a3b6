"""What every format needs of files: errors that name them, first bytes, and writing whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.document import named
from diascope.core.errors import InputError, ReadError

CHUNK_BYTES = 1 << 22
"""Bytes read at a time; above 1 MiB the size makes no measurable difference (chosen here)."""

LARGEST_DEFLATE_RATIO = 1032
"""Deflate cannot do better (zlib's technical note), so a header that asks for more is wrong."""


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a damaged file makes a parser raise into a ReadError that names the file (its name only).

    ``what`` is the format's name with its article, such as ``a NIfTI image``.
    """
    try:
        yield
    except InputError as error:
        if isinstance(error, ReadError) and path.name in error.what:
            raise
        what_is_wrong = error.what if path.name in error.what else f"{path.name}: {error.what}"
        raise ReadError(what_is_wrong, expected=error.expected, got=error.got, fix=error.fix) from error
    except FileNotFoundError as error:
        missing = Path(error.filename).name if error.filename else path.name
        beside = "" if missing == path.name else f", which {path.name} names,"
        raise ReadError(f"{missing}{beside} does not exist", fix="check the path") from error
    except PermissionError as error:
        raise ReadError(f"{path.name} may not be read", fix="give yourself the right to read it") from error
    except MemoryError as error:
        raise ReadError(
            f"{path.name} does not fit into memory", fix="free memory, or check the file's header"
        ) from error
    except Exception as error:  # a damaged file makes parsers raise anything
        raise ReadError(
            f"{path.name} cannot be read as {what}",
            expected=f"{what}, whole and undamaged",
            got=_without_folders(error, path),
            fix="copy or export the file again; it may be damaged or cut short",
        ) from error


def _without_folders(error: Exception, path: Path) -> str:
    """Return an error's text with the file's name in place of its path: folders may be named after patients."""
    text = str(error) or type(error).__name__
    for spelling in (str(path), path.as_posix(), str(path.resolve())):
        text = text.replace(spelling, path.name)
    return text.replace(str(path.parent) + os.sep, "").strip().split("\n")[0]


def first_bytes(path: Path, count: int) -> bytes:
    """Return at most ``count`` bytes from the start of a file; none where it is a folder or cannot be opened."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(count) or b""
    except OSError:
        return b""


def cut_short(path: Path, expected: int, got: int) -> ReadError:
    """Return the error for a file that holds fewer bytes of voxels than its header says."""
    return ReadError(
        f"{path.name} is cut short",
        expected=f"{expected} bytes of voxels",
        got=f"{got} bytes",
        fix="copy or export the file again",
    )


def read_exactly(file: BufferedIOBase | IO[bytes], count: int, path: Path) -> NDArray[np.uint8]:
    """Return the next ``count`` bytes as a writable array, without holding them twice.

    Raises:
        ReadError: the file ends before.
    """
    buffer = np.empty(count, np.uint8)
    view = buffer.data
    done = 0
    while done < count:
        try:
            got = cast(Any, file).readinto(view[done : done + CHUNK_BYTES])
        except EOFError:  # what was unpacked of the last piece is lost with it, so there is no number to give
            raise ReadError(
                f"{path.name} is cut short",
                expected=f"{count} bytes of voxels",
                got="a gzip stream that ends before its end: the file is truncated",
                fix="copy or export the file again",
            ) from None
        if not got:
            raise cut_short(path, count, done)
        done += got
    return buffer


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write into that takes the place of ``path`` at the end, or vanishes if anything fails.

    Raises:
        OSError: as the system says (read-only folder, full disk).
    """
    with named(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=f".{path.name}")
    try:
        os.close(handle)
        with named(path):
            with Path(name).open("w+b") as file:  # by its name, which tifffile asks for
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
    except BaseException:  # also an interrupt leaves nothing behind
        Path(name).unlink(missing_ok=True)
        raise
