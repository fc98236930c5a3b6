"""Which layout a data folder has."""

from pathlib import PurePosixPath

from diascope.core.errors import DatasetError, DiascopeError
from diascope.curate.draft import LAYOUTS, Draft, in_one_line
from diascope.curate.listing import Listing
from diascope.curate.table import TABLES, read_table

FALLBACK = "images"
"""The layout of images that nothing is said of; it is no alternative to name beside another."""

MOST_TABLES, MOST_COLUMNS = 3, 12
"""Tables, and columns of each, that a message names."""


def recognise(listing: Listing) -> tuple[Draft, str, tuple[str, ...]]:
    """Return the cases as listed, the layout that was taken, and the others that fit too.

    Raises:
        DatasetError: no layout fits.
        InputError: the layout's list contradicts itself.
    """
    layouts = sorted(LAYOUTS.all().values(), key=lambda layout: (layout.priority, layout.name))
    fitting = [layout for layout in layouts if layout.matches(listing)]
    if not fitting:
        raise _nothing_fits(listing)
    taken = fitting[0]
    try:
        draft = taken.read(listing)
    except DiascopeError as error:
        error.add_note(f"{listing.given or listing.root.name}, read as layout {taken.name}")
        raise
    if taken.name == FALLBACK and not listing.given:
        for said in _unused_tables(listing):
            draft.warn("unused_table", said)
    others = tuple(layout.name for layout in fitting[1:] if layout.name != FALLBACK)
    return draft, taken.name, others


def _nothing_fits(listing: Listing) -> DatasetError:
    """Return the error that says what was looked for and what lies there instead."""
    if listing.given:
        what, got = (
            f"{listing.given} is no file that data can be read from",
            PurePosixPath(listing.given).suffix or "no suffix",
        )
    else:
        suffixes = sorted({PurePosixPath(f).suffix.lower() or "no suffix" for f in listing.files})
        what = f"no known layout fits the folder {listing.root.name}"
        kinds = ", ".join(suffixes[:8]) + (" …" if len(suffixes) > 8 else "")
        got = f"{len(listing.files)} files ({kinds}){_tables(listing)}"
    return DatasetError(
        what,
        expected="dataset.yaml, dataset.json with imagesTr, a table with an image column, a MedMNIST .npz, DICOM "
        "series, images beside masks, or a folder for each class",
        got=got,
        fix="see docs/curation.md for the layouts; a table with the columns image and label fits any folder",
    )


def _unused_tables(listing: Listing) -> list[str]:
    """Return what the tables in the root have instead of an image column, and what to do about it."""
    said = []
    for file in listing.top(*TABLES)[:MOST_TABLES]:
        try:
            columns = _columns(listing, file)
        except DiascopeError as error:
            said.append(in_one_line(error))
            continue
        said.append(
            f"{file} has no column that names image files, so nothing of it is used: it has {columns}; add a column "
            "such as 'image' with paths relative to its folder, and one with labels or masks"
        )
    return said


def _tables(listing: Listing) -> str:
    """Return the same in few words."""
    said = []
    for file in listing.top(*TABLES)[:MOST_TABLES]:
        try:
            said.append(f"{file} has {_columns(listing, file)}, and none of them names image files")
        except DiascopeError as error:
            said.append(error.what)
    return "".join(f"; {s}" for s in said)


def _columns(listing: Listing, file: str) -> str:
    columns = read_table(listing.root / file, 1).columns
    return f"the columns {', '.join(columns[:MOST_COLUMNS])}{' …' if len(columns) > MOST_COLUMNS else ''}"
