"""A CSV or TSV that lists the images, a row for each case."""

from diascope.core.documents.dataset import Case, Source
from diascope.core.errors import DatasetError, ReadError
from diascope.curate import rows
from diascope.curate.dicom_patients import add_patients
from diascope.curate.draft import Draft, Layout, safe_ids
from diascope.curate.listing import Listing, stem
from diascope.curate.paths import Resolver, path_columns
from diascope.curate.table import TABLES, Table, read_table

LOOK_AT_ROWS = 200
"""Rows looked at to see whether a table lists images."""


def matches(listing: Listing) -> bool:
    """Answer whether a table lists images; a table that the user named is always taken."""
    if listing.given:
        return listing.given.lower().endswith(TABLES)
    return bool(_listing_tables(listing))


def _listing_tables(listing: Listing) -> list[str]:
    """Return the tables in the root that list images, the one that lists most first."""
    found: dict[str, int] = {}
    for file in listing.top(*TABLES):
        try:
            table = read_table(listing.root / file, LOOK_AT_ROWS)
        except ReadError:
            continue
        resolver = Resolver(listing)
        images, _ = path_columns(table, resolver)
        if images:
            found[file] = sum(resolver.find(c, by_stem=True) is not None for c in table.cells(images[0]))
    return sorted(found, key=lambda f: (-found[f], f))


def read(listing: Listing) -> Draft:
    """Return the cases that the table lists.

    Raises:
        DatasetError: no column names images, or the table has no rows.
        ReadError: the table is no table.
    """
    tables = [listing.given] if listing.given else _listing_tables(listing)
    table = read_table(listing.root / tables[0])
    resolver = Resolver(listing)
    images, masks = path_columns(table, resolver)
    _check(table, images)
    channels = ("image",) if len(images) == 1 else tuple(images)
    draft = Draft(listing, listing.root.name, channels, [], used={tables[0]})
    if len(tables) > 1:
        draft.note("other_tables", f"{', '.join(tables[1:])} list images too; {tables[0]}, which lists most, is read")
    _add_cases(draft, table, resolver, images)
    for mask in masks:
        rows.add_masks(draft, table, mask, resolver)
    rows.add_columns(draft, table, {*images, *masks})
    rows.merge_repeated(draft, table.name)
    if all(c.patient is None for c in draft.cases):
        add_patients(draft)
    return draft


def _check(table: Table, images: list[str]) -> None:
    if not images:
        raise DatasetError(
            f"{table.name} has no column that names image files",
            expected="a column such as 'image' with paths relative to the table's folder, and one with labels or masks",
            got=f"the columns {', '.join(table.columns)}",
            fix="add the column, or correct the paths in it",
        )
    if not table.rows:
        raise DatasetError(f"{table.name} lists no case", expected="a row for each case", got="only a header")


def _add_cases(draft: Draft, table: Table, resolver: Resolver, images: list[str]) -> None:
    """Add one case for each row, in the table's order; a row whose file does not exist is left out by name."""
    channel_of = dict(zip(images, draft.channels, strict=True))
    unreadable = []
    for case_id, row in zip(_ids(draft, table, images), table.rows, strict=True):
        found = {column: resolver.find(row[column], by_stem=True) for column in images if row[column] is not None}
        absent = [str(row[column]) for column, path in found.items() if path is None]
        if absent or not found:
            why = (
                f"the file {_name(absent[0])}, which {table.name} names, does not exist"
                if absent
                else "its row names no image"
            )
            draft.left_out[case_id] = why
            unreadable.append(case_id)
        sources = {channel_of[c]: Source(path=p) for c, p in found.items() if p is not None}
        draft.used.update(s.path for s in sources.values())
        draft.cases.append(Case(id=case_id, images=sources))
    if unreadable:
        first = draft.left_out[unreadable[0]]
        draft.warn("unreadable", f"{len(unreadable)} rows name no readable file; in the first, {first}", unreadable)


def _ids(draft: Draft, table: Table, images: list[str]) -> list[str]:
    """Return an id for each row: an id column where its cells are unique, else the file's stem, else its path."""
    for column in table.columns:
        cells = table.cells(column)
        if rows.role(column) == "id" and None not in cells and column not in images:
            if len(set(cells)) == len(cells):
                return safe_ids(str(c) for c in cells)
            draft.note("id_not_unique", f"the column {column!r} repeats, so cases are named after their files")
    paths = [
        next((str(row[c]) for c in images if row[c] is not None), f"row {n}") for n, row in enumerate(table.rows, 2)
    ]
    stems = [stem(p) for p in paths]
    if len(set(stems)) == len(set(paths)):
        return safe_ids(stems)
    return safe_ids(p.replace("\\", "/").removesuffix(p[len(p) - len(_name(p)) + len(stem(p)) :]) for p in paths)


def _name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


LAYOUT = Layout("table", 40, matches, read)
