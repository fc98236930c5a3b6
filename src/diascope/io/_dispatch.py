"""Which reader takes which file."""

from functools import cache
from pathlib import Path

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.families import READERS
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._films import clip_of_film, film_of, header_of_film
from diascope.io._object_masks import read_object_masks


@cache
def _readers() -> dict[str, Reader]:
    """Return every reader by its name; the libraries behind them are imported when a file is opened."""
    return READERS.all()


@cache
def _by_suffix() -> tuple[tuple[str, Reader], ...]:
    """Return suffix and reader, the longest suffix first."""
    pairs = [(suffix, reader) for reader in _readers().values() for suffix in reader.suffixes]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _named(path: Path) -> list[Reader]:
    """Return the readers whose suffix the file carries, the longest suffix first."""
    name = path.name.lower()
    return [reader for suffix, reader in _by_suffix() if name.endswith(suffix)]


def find_reader(path: Path) -> Reader:
    """Return the reader for a file or folder, by suffix (the longest that fits), else by the first bytes.

    Of several formats with one suffix, and for a file whose suffix is wrong, the first bytes decide. A damaged file
    goes to the reader that its suffix names, which says best what is wrong with it.

    Raises:
        ReadError: no reader knows this file.
    """
    named = _named(path)
    for reader in named:
        if reader.is_readable(path):
            return reader
    if named and not path.exists():
        return named[0]
    for reader in _readers().values():
        if reader not in named and reader.is_readable(path):
            return reader
    if named:
        return named[0]
    if not path.exists():
        raise ReadError(f"{path.name} does not exist", fix="check the path")
    known = sorted({suffix for suffix, _ in _by_suffix()})
    raise ReadError(
        f"no reader knows the format of {path.name}", expected=", ".join(known), got=path.suffix or "no suffix"
    )


def find_writer(path: Path) -> Reader:
    """Return the format that a file to be written gets by its suffix.

    Raises:
        ReadError: no format has this suffix, or it is only read.
    """
    named = _named(path)
    for reader in named:
        if reader.write is not None:
            return reader
    known = sorted({suffix for suffix, reader in _by_suffix() if reader.write is not None})
    what = f"{named[0].name} files are only read" if named else f"no format is called like {path.name}"
    raise ReadError(what, expected=", ".join(known), got=path.suffix or "no suffix", fix="choose one of these suffixes")


def read_image(root: Path, source: Source) -> Image:
    """Return the image that a source names; see ``Reader.read``."""
    path = root / source.path
    image = find_reader(path).read(path, source)
    return film_of(image) if source.as_film else image


def read_header(root: Path, source: Source) -> Header:
    """Return what a source says of itself before its voxels are read."""
    path = root / source.path
    header = find_reader(path).read_header(path, source)
    return header_of_film(header) if source.as_film else header


def read_labels(root: Path, source: Source, geometry: Geometry) -> Image:
    """Return a label map, brought to ``geometry`` only where the format has no voxels of its own (RTSTRUCT, SEG).

    Several files that are no series are one mask for each object: the map then numbers them.
    """
    path = root / source.path
    if source.files and not find_reader(path / source.files[0]).is_readable(path):
        return read_object_masks(path, source, _read_labels)
    image = _read_labels(path, source, geometry)
    return film_of(image) if source.as_film else image


def _read_labels(path: Path, source: Source, geometry: Geometry | None = None) -> Image:
    reader = find_reader(path)
    if reader.read_on is not None and geometry is not None:
        return reader.read_on(path, source, geometry)
    return (reader.read_labels or reader.read)(path, source)


def write_image(path: Path, image: Image, like: Path | None = None) -> None:
    """Write an image in the format of the path's suffix, whole or not at all.

    Raises:
        ReadError: the format is only read.
        InputError: the format cannot hold this image.
        OSError: as the system says (read-only folder, full disk).
    """
    if image.geometry.film is not None:
        image = clip_of_film(image)
    writer = find_writer(path).write
    if writer is not None:
        writer(path, image, like)
