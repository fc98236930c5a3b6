"""What files lie in a data folder, seen once and then only looked up."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from diascope.core.errors import InputError
from diascope.core.families import READERS

NO_IMAGES = {".npz", ".npy", ".h5", ".hdf5"}
"""Suffixes of containers: an array file is an image only where a table or a document says so."""

LISTS = (".csv", ".tsv", ".json")
"""A file of these names others beside it; any other file that the user names is all that is looked at."""


@dataclass(frozen=True)
class Listing:
    """The files below a folder.

    Attributes:
        root: absolute.
        files: paths relative to ``root`` with ``/``, sorted; hidden files and folders are not among them.
        given: the file that the user named instead of a folder; ``root`` is then its folder.
    """

    root: Path
    files: tuple[str, ...]
    given: str | None = None

    @cached_property
    def file_set(self) -> frozenset[str]:
        """Return the files for look-ups."""
        return frozenset(self.files)

    @cached_property
    def folder_set(self) -> frozenset[str]:
        """Return every folder that has a file somewhere below it."""
        return frozenset(str(parent) for f in self.files for parent in PurePosixPath(f).parents if str(parent) != ".")

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Return the files that an image reader knows by their suffix."""
        suffixes = image_suffixes()
        return tuple(f for f in self.files if f.lower().endswith(suffixes))

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """Return the image files by their stem."""
        found: dict[str, list[str]] = {}
        for file in self.images:
            found.setdefault(stem(file), []).append(file)
        return found

    def top(self, *suffixes: str) -> list[str]:
        """Return the files with one of the suffixes that lie in the root itself."""
        return [f for f in self.files if "/" not in f and f.lower().endswith(suffixes)]

    def below(self, folder: str) -> Iterator[str]:
        """Yield the files somewhere below a folder."""
        start = f"{folder}/"
        return (f for f in self.files if f.startswith(start))

    def restricted(self, file: str) -> "Listing":
        """Return the listing as if the user had named one of its files."""
        return Listing(self.root, self.files, file)


@cache
def image_suffixes() -> tuple[str, ...]:
    """Return the suffixes of every image format, the longest first."""
    found = {s for reader in READERS.all().values() for s in reader.suffixes} - NO_IMAGES
    return tuple(sorted(found, key=lambda s: (-len(s), s)))


def stem(file: str) -> str:
    """Return a file's name without its folder and its image suffix (``a.nii.gz`` → ``a``)."""
    name = file.rsplit("/", 1)[-1]
    for suffix in image_suffixes():
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name.rsplit(".", 1)[0] if "." in name[1:] else name


def list_files(path: Path) -> Listing:
    """Return what lies at a path that the user gave.

    Raises:
        InputError: there is nothing, or a folder without files.
    """
    path = Path(os.path.abspath(path.expanduser()))
    if not path.exists():
        raise InputError(f"{path.name} does not exist", expected="a data folder or file", fix="check the path")
    if path.is_file():
        alone = not path.name.lower().endswith(LISTS)
        return Listing(path.parent, (path.name,) if alone else tuple(sorted(_walk(path.parent))), path.name)
    files = tuple(sorted(_walk(path)))
    if not files:
        raise InputError(
            f"the folder {path.name} is empty",
            expected="medical images, or a document or table that lists them",
            got="no files (hidden ones are not looked at)",
            fix="check the path",
        )
    return Listing(path, files)


def _walk(root: Path) -> Iterator[str]:
    """Yield visible files, following linked folders once each."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(d for d in folders if not d.startswith(".") and d != "__MACOSX")
        relative = os.path.relpath(folder, root).replace(os.sep, "/")
        start = "" if relative == "." else f"{relative}/"
        yield from (f"{start}{name}" for name in names if not name.startswith("."))
