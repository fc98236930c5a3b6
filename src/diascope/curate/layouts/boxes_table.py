"""A CSV or TSV with a row for each box: an image, the corners, the class.

Corners are edges in voxels from 0, so a box around the voxels 3 to 5 goes from 3 to 6. In a picture x counts columns
and y rows; in a volume x, y and z are the first, second and third axis of its array. A row without corners says that
the image has no box.
"""

from collections.abc import Mapping

from diascope.core.documents.dataset import Box, Case, Source
from diascope.core.errors import DatasetError, ReadError
from diascope.curate import rows
from diascope.curate.box_findings import set_boxes
from diascope.curate.columns import IMAGE, TARGET, normalise, number
from diascope.curate.dicom_patients import add_patients
from diascope.curate.draft import Draft, Layout, safe_ids
from diascope.curate.listing import Listing, stem
from diascope.curate.paths import Resolver
from diascope.curate.table import TABLES, Table, read_table

NAME = "boxes"
ENDS = ("min", "max")
CLASSES = {*TARGET, "name", "category", "class_name", "finding"}
LOOK_AT_ROWS = 5


def matches(listing: Listing) -> bool:
    """Answer whether a table in the root, or the one that the user named, has columns for corners."""
    return bool(_tables(listing))


def _tables(listing: Listing) -> list[str]:
    named = [listing.given] if listing.given and listing.given.lower().endswith(TABLES) else []
    found = []
    for file in named if listing.given else listing.top(*TABLES):
        try:
            table = read_table(listing.root / file, LOOK_AT_ROWS)
        except ReadError:
            continue
        if corner_columns(table) and _image_column(table):
            found.append(file)
    return found


def corner_columns(table: Table) -> Mapping[str, str]:
    """Return ``xmin``, ``ymin``, ``xmax``, ``ymax`` (``zmin``, ``zmax``) → the table's columns; empty if not there."""
    plain = {normalise(c).replace("_", ""): c for c in table.columns}
    flat = {f"{axis}{end}": plain.get(f"{axis}{end}") for end in ENDS for axis in "xy"}
    deep = {f"z{end}": plain.get(f"z{end}") for end in ENDS}
    if None in flat.values():
        return {}
    return {key: c for key, c in {**flat, **(deep if None not in deep.values() else {})}.items() if c is not None}


def _image_column(table: Table) -> str | None:
    return next((c for c in table.columns if normalise(c) in IMAGE), None)


def read(listing: Listing) -> Draft:
    """Return a case for each image that the table names, with all its boxes.

    Raises:
        DatasetError: a corner is no number, or a row has only some of its corners, or no class.
    """
    file = _tables(listing)[0]
    table, resolver = read_table(listing.root / file), Resolver(listing)
    image = _image_column(table) or ""
    corners, label = corner_columns(table), next((c for c in table.columns if normalise(c) in CLASSES), None)
    draft = Draft(listing, listing.root.name, ("image",), [], used={file})
    boxes: dict[str, list[Box]] = {}
    first: dict[str, dict[str, str | None]] = {}
    for line, row in enumerate(table.rows, 2):
        name = row[image]
        if name is None:
            raise DatasetError(f"line {line} of {file} names no image", expected=f"a file in the column {image!r}")
        first.setdefault(name, row)
        found = _box(file, line, row, corners, label)
        boxes.setdefault(name, []).extend([found] if found else [])
    ids = dict(zip(first, safe_ids(stem(n) for n in first), strict=True))
    for name, case_id in ids.items():
        path = resolver.find(name, by_stem=True)
        if path is None:
            draft.left_out[case_id] = f"the file {name.rsplit('/', 1)[-1]}, which {file} names, does not exist"
        draft.used.update([path] if path else [])
        draft.cases.append(Case(id=case_id, images={"image": Source(path=path)} if path else {}))
    if draft.left_out:
        missing = list(draft.left_out)
        draft.warn("unreadable", f"{len(missing)} images that {file} names do not exist", missing)
    others = {image, *corners.values(), *([label] if label else [])}
    kept = tuple(c for c in table.columns if c not in others)
    rows.add_columns(draft, Table(table.name, kept, [{c: r[c] for c in kept} for r in first.values()]), set())
    set_boxes(draft, NAME, {ids[n]: some for n, some in boxes.items()})
    if all(c.patient is None for c in draft.cases):
        add_patients(draft)
    return draft


def _box(
    file: str, line: int, row: Mapping[str, str | None], corners: Mapping[str, str], label: str | None
) -> Box | None:
    """Return a row's box, None where all corners are empty."""
    cells = {key: row[column] for key, column in corners.items()}
    if all(cell is None for cell in cells.values()):
        return None
    numbers = {key: number(cell) if cell is not None else None for key, cell in cells.items()}
    wrong = [corners[key] for key, value in numbers.items() if value is None]
    if wrong:
        raise DatasetError(
            f"line {line} of {file} has corners that are no numbers",
            expected="a number in each of them, or in none where the image has no box",
            got=", ".join(f"{column} {row[column]}" for column in wrong),
        )
    name = row[label] if label else "finding"
    if name is None:
        raise DatasetError(f"line {line} of {file} has a box without a class", expected=f"its class in {label!r}")
    axes = "xyz" if "zmin" in corners else "yx"
    low, high = (tuple(float(numbers[f"{axis}{end}"] or 0.0) for axis in axes) for end in ENDS)
    return Box(label=name, low=low, high=high)


LAYOUT = Layout("boxes_table", 35, matches, read)
