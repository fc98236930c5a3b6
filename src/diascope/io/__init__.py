"""Readers and writers, one format a file, listed by ``diascope.core.families.READERS``."""

from pathlib import Path

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.families import READERS
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader


def find_reader(path: Path) -> Reader:
    """Return the reader for a file or folder, by suffix (the longest that fits), else by the first bytes.

    Raises:
        ReadError: no reader knows this file.
    """
    readers = READERS.all()
    fitting = [(len(s), name) for name, r in readers.items() for s in r.suffixes if path.name.lower().endswith(s)]
    named = [name for _, name in sorted(fitting, reverse=True)]
    for name in [*named, *readers]:
        if readers[name].is_readable(path):
            return readers[name]
    if named:
        return readers[named[0]]  # its own reader says best what is wrong with a damaged file
    raise ReadError(f"no reader knows the format of {path.name}", expected=", ".join(readers), got=path.suffix or "no suffix")


def read_image(root: Path, source: Source) -> Image:
    """Return the image that a source names; see ``Reader.read``."""
    path = root / source.path
    return find_reader(path).read(path, source)


def read_header(root: Path, source: Source) -> Header:
    """Return what a source says of itself before its voxels are read."""
    path = root / source.path
    return find_reader(path).read_header(path, source)


def read_labels(root: Path, source: Source, geometry: Geometry) -> Image:
    """Return a label map, brought to ``geometry`` only where the format has no voxels of its own (RTSTRUCT, SEG)."""
    path = root / source.path
    reader = find_reader(path)
    return reader.read_on(path, source, geometry) if reader.read_on else reader.read(path, source)


def write_image(path: Path, image: Image, like: Path | None = None) -> None:
    """Write an image in the format of the path's suffix.

    Raises:
        ReadError: the format is only read.
    """
    reader = find_reader(path)
    if reader.write is None:
        raise ReadError(f"{reader.name} files are only read", fix="choose another suffix, such as .nii.gz")
    reader.write(path, image, like)
