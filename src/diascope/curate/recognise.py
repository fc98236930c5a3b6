"""Which layout a data folder has."""

from pathlib import PurePosixPath

from diascope.core.errors import DatasetError, DiascopeError
from diascope.curate.draft import LAYOUTS, Draft
from diascope.curate.listing import Listing
from diascope.curate.table import TABLES, read_table

FALLBACK = "images"
"""The layout of images that nothing is said of; it is no alternative to name beside another."""


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


def _tables(listing: Listing) -> str:
    """Return what the tables in the root have instead of an image column."""
    said = []
    for file in listing.top(*TABLES)[:3]:
        try:
            columns = read_table(listing.root / file, 1).columns
        except DiascopeError as error:
            said.append(str(error).split("\n", 1)[0])
            continue
        said.append(f"{file} has the columns {', '.join(columns[:12])}, and none of them names image files")
    return "".join(f"; {s}" for s in said)
