"""Folders of DICOM files, in any order: each image is a case, grouped by SeriesInstanceUID.

No id, message or attribute repeats what identifies a person: a case is named after its single file, or after modality
and a digest of its SeriesInstanceUID; a patient after a digest of the PatientID. Folder names appear nowhere either.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from diascope.core.documents.dataset import Case, Source
from diascope.core.errors import DatasetError, ReadError
from diascope.curate import rows
from diascope.curate.dicom_masks import add_masks
from diascope.curate.dicom_patients import pseudonym, short_digest
from diascope.curate.draft import Draft, Layout, in_one_line, safe_ids
from diascope.curate.listing import Listing, image_suffixes, stem
from diascope.curate.table import TABLES, Table, read_table
from diascope.io.dicom import Series, group_series, is_readable

SUFFIXES = (".dcm", ".dicom", ".ima")
LOOK_AT = 50
"""Files without a suffix of their own that are looked into before a folder is said to hold no DICOM."""


def matches(listing: Listing) -> bool:
    """Answer whether there are DICOM files; many have no suffix, so a few others are looked into."""
    if listing.given:
        return listing.given.lower().endswith(SUFFIXES)
    return bool(_dicom_files(listing, LOOK_AT))


def _dicom_files(listing: Listing, most: int | None = None) -> list[str]:
    named = [f for f in listing.files if f.lower().endswith(SUFFIXES)]
    other = (*image_suffixes(), *TABLES, ".json", ".yaml", ".md", ".txt", ".npz", ".pdf", ".zip", ".xml", ".html")
    unnamed = [f for f in listing.files if not f.lower().endswith(other)]
    unnamed = [f for f in unnamed[:most] if is_readable(listing.root / f)] if most else unnamed
    return named + unnamed


def read(listing: Listing) -> Draft:
    """Return a case for each image; labels come from a table, masks from segmentations and contours.

    Raises:
        DatasetError: there is no image among the files.
    """
    draft = Draft(listing, listing.root.name, ("image",), [])
    damaged: list[Path] = []
    series = group_series(
        [listing.root / f for f in _dicom_files(listing)], on_error=lambda p, e: _refuse(draft, damaged, p, e)
    )
    images = [s for s in series if s.kind == "image"]
    others = [s for s in series if s.kind != "image"]
    if damaged:
        first = damaged[0]
        ids = [i for i in draft.left_out]
        draft.warn(
            "unreadable",
            f"{len(damaged)} DICOM files cannot be read; the first is {first.name}: {draft.left_out[ids[0]]}",
            ids,
        )
    if not images:
        got = f"{len(others)} segmentations or contours, {len(damaged)} damaged files"
        raise DatasetError("there is no DICOM image", expected="at least one image series", got=got)
    _add_cases(draft, images)
    draft.used.update(_relative(listing, f) for s in series for f in s.files)
    _say_mixed_folders(draft, images)
    add_masks(draft, images, others)
    if not _add_table(draft, images):
        _add_class_folders(draft, images)
    return draft


def _refuse(draft: Draft, damaged: list[Path], path: Path, error: ReadError) -> None:
    damaged.append(path)
    name = stem(path.name)
    while name in draft.left_out:
        name += "_"
    draft.left_out[name] = in_one_line(error)


def _relative(listing: Listing, path: Path) -> str:
    return path.relative_to(listing.root).as_posix()


def _add_cases(draft: Draft, images: Sequence[Series]) -> None:
    names = [stem(s.files[0].name) if len(s.files) == 1 and s.index is None else _series_name(s) for s in images]
    taken = list(draft.left_out)
    ids = safe_ids([*taken, *names])[len(taken) :]
    visits = _visits(images)
    for case_id, series, visit in zip(ids, images, visits, strict=True):
        patient = pseudonym(series.patient)
        attributes: dict[str, str | float | None] = {
            "age": _years(series.age),
            "sex": series.sex or None,
            "modality": series.modality or None,
        }
        source = _source(draft.listing, series)
        draft.cases.append(
            Case(id=case_id, images={"image": source}, attributes=attributes, patient=patient, visit=visit)
        )
    used = [a for a in ("age", "sex", "modality") if len({c.attributes[a] for c in draft.cases}) > 1]
    draft.attributes = tuple(used)
    draft.cases = [c.model_copy(update={"attributes": {a: c.attributes[a] for a in used}}) for c in draft.cases]
    for note, count in Counter(n for s in images for n in s.notes).items():
        draft.note("dicom_series", f"{note} ({count} images)")


def _series_name(series: Series) -> str:
    volume = "" if series.index is None else f"_{series.index}"
    return f"{series.modality or 'series'}_{short_digest(series.uid or str(series.files[0]))}{volume}"


def _source(listing: Listing, series: Series) -> Source:
    if len(series.files) == 1:
        return Source(path=_relative(listing, series.files[0]), index=series.index)
    folder = Path(os.path.commonpath([f.parent for f in series.files]))
    path = "." if folder == listing.root else _relative(listing, folder)
    return Source(path=path, files=tuple(f.relative_to(folder).as_posix() for f in series.files), index=series.index)


def _years(age: str) -> float | None:
    """Return an age string (PS3.5 6.2, value representation AS: ``045Y``) in years."""
    per_year = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    if len(age) != 4 or not age[:3].isdigit() or age[3] not in per_year:
        return None
    return round(int(age[:3]) / per_year[age[3]], 3)


def _visits(images: Sequence[Series]) -> list[str | None]:
    """Return the number of each image's study among its patient's, by date; None where no patient has several."""
    studies: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for s in images:
        studies[s.patient].add((s.study_date, s.study))
    if all(len(found) < 2 for patient, found in studies.items() if patient):
        return [None] * len(images)
    return [str(sorted(studies[s.patient]).index((s.study_date, s.study)) + 1) if s.patient else None for s in images]


def _say_mixed_folders(draft: Draft, images: Sequence[Series]) -> None:
    """Say where files of several series lie in one folder: they are separated."""
    folders: dict[Path, set[str]] = defaultdict(set)
    for s in images:
        for parent in {f.parent for f in s.files}:
            folders[parent].add(s.uid)
    mixed = [uids for uids in folders.values() if len(uids) > 1]
    if mixed:
        count = sum(len(uids) for uids in mixed)
        draft.note(
            "series_separated",
            f"{len(mixed)} folders hold several series ({count} in all): they were split by SeriesInstanceUID",
        )


def _add_table(draft: Draft, images: Sequence[Series]) -> bool:
    """Take labels from a table in the root whose cells name series, files or patients; answer whether there was one."""
    for file in draft.listing.top(*TABLES):
        table = read_table(draft.listing.root / file)
        column, cells = _key_column(draft, table, images)
        if column is None:
            continue
        by_key = {row[column]: row for row in table.rows}
        empty: dict[str, str | None] = dict.fromkeys(table.columns)
        matched = [next((by_key[k] for k in keys if k in by_key), empty) for keys in cells]
        named = {k for keys in cells for k in keys}
        absent = [row for row in table.rows if row[column] not in named]
        if absent:
            draft.warn("label_without_image", f"{len(absent)} rows of {file} name an image that is not here")
        personal = {c for c in table.columns if rows.role(c) in {"patient", "id"}}
        rows.add_columns(draft, Table(file, table.columns, matched), {column, *personal})
        draft.used.add(file)
        return True
    return False


def _key_column(draft: Draft, table: Table, images: Sequence[Series]) -> tuple[str | None, list[tuple[str, ...]]]:
    """Return the column that names most of the images, and the texts that name each: series, files, then patient."""
    root = draft.listing
    files = [tuple(n for f in s.files for n in (_relative(root, f), f.name, stem(f.name))) for s in images]
    folders = [tuple(_relative(root, f.parent) for f in s.files[:1] if f.parent != root.root) for s in images]
    for names in ([(s.uid,) for s in images], files, folders, [(s.patient,) for s in images]):
        known = {n for own in names for n in own if n}
        for column in table.columns:
            cells = [c for c in table.cells(column) if c is not None]
            if cells and 2 * sum(c in known for c in cells) >= len(cells):
                return column, names
    return None, []


def _add_class_folders(draft: Draft, images: Sequence[Series]) -> None:
    """Take the topmost folders for classes where each holds several patients and no other target is there."""
    tops = [_relative(draft.listing, s.files[0]).split("/") for s in images]
    while tops and all(len(t) > 1 for t in tops) and len({t[0] for t in tops}) == 1:
        tops = [t[1:] for t in tops]
    if draft.targets or any(len(t) < 2 for t in tops):
        return
    patients: dict[str, set[str]] = defaultdict(set)
    for top, series, case in zip(tops, images, draft.cases, strict=True):
        patients[top[0]].add(series.patient or case.id)
    if 2 <= len(patients) <= 20 and all(len(found) > 1 for found in patients.values()):
        rows.add_target(draft, "label", [t[0] for t in tops], is_named=True)
        draft.note(
            "folders_as_classes",
            f"the {len(patients)} topmost folders hold several patients each and are taken for classes",
        )


LAYOUT = Layout("dicom", 60, matches, read)
