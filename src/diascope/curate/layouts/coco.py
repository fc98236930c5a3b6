"""COCO files: images, annotations and categories in one JSON file for each part.

Source: Lin et al. 2014. Boxes are no kind of target yet, so the images and their split are read and the task is said to
be missing.
"""

import json
from pathlib import PurePosixPath
from typing import Any

from diascope.core.documents.dataset import Case, Source
from diascope.core.errors import ReadError
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts, safe_ids
from diascope.curate.layouts.voc import NO_DETECTION
from diascope.curate.listing import Listing, stem

FOLDER = "annotations"
PEEK_BYTES = 1 << 16
KEYS = (b'"images"', b'"annotations"', b'"categories"')


def matches(listing: Listing) -> bool:
    """Answer whether there is a JSON file with COCO's keys."""
    return bool(_files(listing))


def _files(listing: Listing) -> list[str]:
    if listing.given:
        found = [listing.given] if listing.given.lower().endswith(".json") else []
    else:
        found = [*listing.top(".json"), *(f for f in listing.below(FOLDER) if f.lower().endswith(".json"))]
    return [f for f in found if _has_keys(listing, f)]


def _has_keys(listing: Listing, file: str) -> bool:
    """Look for the keys in the first and last bytes: the lists between them may be long."""
    path = listing.root / file
    with path.open("rb") as content:
        head = content.read(PEEK_BYTES)
        content.seek(max(0, path.stat().st_size - PEEK_BYTES))
        ends = head + content.read()
    return sum(key in ends for key in KEYS) >= 2 and b'"file_name"' in ends


def read(listing: Listing) -> Draft:
    """Return the images that the files name and their split by the files' names; boxes are not read.

    Raises:
        ReadError: a file is no JSON.
    """
    found: dict[str, str] = {}
    files = _files(listing)
    by_name = {f.rsplit("/", 1)[-1]: f for f in listing.images}
    absent = 0
    for file in files:
        for name in _names(listing, file):
            path = name if name in listing.file_set else by_name.get(PurePosixPath(name).name)
            absent += path is None
            if path is not None:
                found.setdefault(path, file)
    ids = safe_ids(stem(f) for f in found)
    cases = [Case(id=i, images={"image": Source(path=f)}) for i, f in zip(ids, found, strict=True)]
    draft = Draft(listing, listing.root.name, ("image",), cases, used={*found, *files})
    draft.error("task_unavailable", NO_DETECTION)
    if absent:
        draft.warn("unreadable", f"{absent} images that the annotations name do not exist")
    parts = {i: part for i, file in zip(ids, found.values(), strict=True) if (part := _part(file))}
    draft.given = given_from_parts("annotation files", parts) if parts else None
    return draft


def _names(listing: Listing, file: str) -> list[str]:
    try:
        content: Any = json.loads((listing.root / file).read_text(encoding="utf-8"))
        return [str(image["file_name"]) for image in content["images"]]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ReadError(f"{file} is no COCO file", expected="images with file_name", got=str(error)) from None


def _part(file: str) -> str | None:
    """Return the part that a file's name says (``instances_val2017.json`` → ``val``)."""
    words = "".join(c if c.isalpha() else " " for c in stem(file).lower()).split()
    return next((w for w in words if w in PARTS), None)


LAYOUT = Layout("coco", 31, matches, read)
