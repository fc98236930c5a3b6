"""When the files behind a case were last changed, those that are named only inside of another one too."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.io._dispatch import find_reader

DETACHED = re.compile(
    rb"^[ \t]*(?:ElementDataFile[ \t]*=|data ?file[ \t]*:)[ \t]*(.+?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)
"""The header line of MetaImage and of NRRD that names the file of the voxels."""

HEADER_BYTES = 1 << 16
WITH_DETACHED = {"metaimage", "nrrd"}
"""Readers of formats whose voxels may lie beside the header."""


def stamps(root: Path, source: Source) -> dict[str, list[int]]:
    """Return size (bytes) and time of change (ns) of every file that a source is read from, by its path from ``root``.

    Raises:
        OSError: a file that the source names is not there.
    """
    found = {}
    for path in _files(root, source):
        stat = path.stat()
        found[os.path.relpath(path, root)] = [stat.st_size, stat.st_mtime_ns]
    return found


def _files(root: Path, source: Source) -> Iterator[Path]:
    path = root / source.path
    if source.files:
        yield from (path / name for name in source.files)
    elif path.is_dir():
        yield from sorted(p for p in path.rglob("*") if p.is_file())
    else:
        yield path
        yield from _beside(path)


def _beside(path: Path) -> Iterator[Path]:
    """Yield the file of the voxels where a header names one that is there."""
    try:
        if find_reader(path).name not in WITH_DETACHED:
            return
    except ReadError:  # reading says what is wrong
        return
    with path.open("rb") as file:
        line = DETACHED.search(file.read(HEADER_BYTES))
    if line:
        beside = path.parent / line[1].decode("utf-8", "replace")
        if beside.is_file():  # LOCAL and lists are no files
            yield beside
