"""COCO files: images, annotations and categories in one JSON file for each part.

Source: Lin et al. 2014. A box is left, top, width and height in pixels, counted from 0; crowds (``iscrowd``) are no
boxes of single findings and are left out by name.
"""

import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from diascope.core.documents.dataset import Box, Case, Source
from diascope.core.errors import ReadError
from diascope.curate.box_findings import set_boxes
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts, safe_ids
from diascope.curate.listing import Listing, stem

FOLDER = "annotations"
TARGET = "boxes"
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


@dataclass
class _Found:
    """What the files name: images by their path, and each one's boxes."""

    file_of: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)
    absent: int = 0
    crowds: list[str] = field(default_factory=list)


def read(listing: Listing) -> Draft:
    """Return the images that the files name with their boxes, and their split by the files' names.

    Raises:
        ReadError: a file is no JSON, or an annotation names an image or a category that is not in its file.
    """
    found, files = _Found(), _files(listing)
    by_name = {f.rsplit("/", 1)[-1]: f for f in listing.images}
    for file in files:
        try:
            _add_file(found, listing, file, by_name)
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            raise ReadError(
                f"{file} is no COCO file",
                expected="images with id and file_name, categories with id and name, annotations with bbox",
                got=f"{type(error).__name__}: {error}",
            ) from None
    paths = list(found.file_of)
    ids = safe_ids(stem(f) for f in paths)
    cases = [Case(id=i, images={"image": Source(path=f)}) for i, f in zip(ids, paths, strict=True)]
    draft = Draft(listing, listing.root.name, ("image",), cases, used={*paths, *files})
    set_boxes(draft, TARGET, {i: found.boxes[f] for i, f in zip(ids, paths, strict=True)}, list(found.classes))
    if found.absent:
        draft.warn("unreadable", f"{found.absent} images that the annotations name do not exist")
    if found.crowds:
        named = [i for i, f in zip(ids, paths, strict=True) if f in found.crowds]
        draft.warn("crowds", f"{len(found.crowds)} annotations mark crowds, no single findings: left out", named)
    parts = {i: part for i, file in zip(ids, found.file_of.values(), strict=True) if (part := _part(file))}
    draft.given = given_from_parts("annotation files", parts) if parts else None
    return draft


def _add_file(found: _Found, listing: Listing, file: str, by_name: dict[str, str]) -> None:
    content: Any = json.loads((listing.root / file).read_text(encoding="utf-8"))
    names = {category["id"]: str(category["name"]) for category in content.get("categories", [])}
    found.classes.update(dict.fromkeys(names[number] for number in sorted(names)))
    paths: dict[Any, str | None] = {}
    for image in content["images"]:
        name = str(image["file_name"])
        path = name if name in listing.file_set else by_name.get(PurePosixPath(name).name)
        paths[image["id"]] = path
        found.absent += path is None
        if path is not None:
            found.file_of.setdefault(path, file)
            found.boxes.setdefault(path, [])
    for annotation in content.get("annotations", []):
        label = names.get(annotation["category_id"])
        if annotation["image_id"] not in paths or label is None:
            what = "category" if label is None else "image"
            raise ReadError(
                f"annotation {annotation.get('id')} of {file} names a {what} that is not in the file",
                expected=f"an id of its {'categories' if label is None else 'images'}",
                got=annotation["category_id"] if label is None else annotation["image_id"],
            )
        path = paths[annotation["image_id"]]
        if path is None:
            continue
        if annotation.get("iscrowd"):
            found.crowds.append(path)
            continue
        left, top, width, height = (float(n) for n in annotation["bbox"])
        found.boxes[path].append(Box(label=label, low=(top, left), high=(top + height, left + width)))


def _part(file: str) -> str | None:
    """Return the part that a file's name says (``instances_val2017.json`` → ``val``)."""
    words = "".join(c if c.isalpha() else " " for c in stem(file).lower()).split()
    return next((w for w in words if w in PARTS), None)


LAYOUT = Layout("coco", 31, matches, read)
