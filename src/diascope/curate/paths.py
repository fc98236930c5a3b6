"""Finding the files that a table's cells name."""

from pathlib import Path, PurePosixPath

from diascope.core.families import READERS
from diascope.curate.columns import ID, IMAGE, MASK, Role, is_missing, normalise, role
from diascope.curate.listing import Listing
from diascope.curate.table import Table

NEVER_PATHS: set[Role] = {"patient", "visit", "site", "split", "fold"}


class Resolver:
    """Look-up of cells among the files of a listing."""

    def __init__(self, listing: Listing, folder: str = "") -> None:
        """Remember where relative paths start: the table's folder, then the root, then any folder with that name."""
        self._listing, self._folder = listing, folder
        self._suffixes = tuple({s for r in READERS.all().values() for s in r.suffixes})

    def find(self, cell: str | None, *, by_stem: bool = False) -> str | None:
        """Return the file or DICOM folder that a cell names, relative to the root or absolute; None if none."""
        if cell is None or is_missing(cell):
            return None
        path = PurePosixPath(cell.replace("\\", "/"))
        if path.is_absolute():
            return self._absolute(path)
        for start in dict.fromkeys((self._folder, "")):
            found = _tidy(PurePosixPath(start, path))
            if found and (self._is_image(found) or found in self._listing.folder_set):
                return found
        if ".." in path.parts:
            return self._absolute(PurePosixPath((self._listing.root / self._folder / path).resolve()))
        if not by_stem:
            return None
        named = [f for f in self._listing.files if f.rsplit("/", 1)[-1] == cell and self._is_image(f)]
        stems = named or self._listing.stems.get(cell, [])
        return stems[0] if len(stems) == 1 else None

    def looks_like_path(self, cell: str) -> bool:
        """Answer whether a cell is written like the path of an image, whether or not there is one."""
        return "/" in cell or "\\" in cell or cell.lower().endswith(self._suffixes)

    def _is_image(self, file: str) -> bool:
        name = file.rsplit("/", 1)[-1].lower()
        return file in self._listing.file_set and (name.endswith(self._suffixes) or "." not in name)

    def _absolute(self, path: PurePosixPath) -> str | None:
        real = Path(path)
        if not real.exists():
            return None
        try:
            return real.relative_to(self._listing.root).as_posix()
        except ValueError:
            return str(path)


def _tidy(path: PurePosixPath) -> str | None:
    """Return a relative path without ``.`` and ``..``, or None where it leaves the root."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or None


def path_columns(table: Table, resolver: Resolver) -> tuple[list[str], list[str]]:
    """Return the columns that hold image paths, and those that hold mask paths.

    A column holds paths where at least half of its cells name files. A column that is called ``image``, ``path`` and
    so on holds them even where no file exists; an id column does where its cells are file stems and no other does.
    """
    images: list[str] = []
    masks: list[str] = []
    ids: list[str] = []
    for column in table.columns:
        found = _holds_paths(table, column, resolver)
        if found == "id":
            ids.append(column)
        elif found:
            (masks if MASK.search(normalise(column)) else images).append(column)
    return images or ids[:1], masks


def _holds_paths(table: Table, column: str, resolver: Resolver) -> str | None:
    plain = normalise(column)
    cells = [c for c in table.cells(column) if c is not None]
    if role(column) in NEVER_PATHS or not cells:
        return None
    if 2 * sum(resolver.find(c) is not None for c in cells) >= len(cells):
        return "path"
    looks_like_paths = 2 * sum(resolver.looks_like_path(c) for c in cells) >= len(cells)
    is_named = plain in IMAGE or (bool(MASK.search(plain)) and looks_like_paths) or plain.endswith(("_path", "_file"))
    if is_named and (looks_like_paths or plain in IMAGE):
        return "path"
    if (plain in ID or "image" in plain) and 2 * sum(resolver.find(c, by_stem=True) is not None for c in cells) >= len(
        cells
    ):
        return "id"
    return None
