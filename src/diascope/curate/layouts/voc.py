"""Pascal VOC folders: ``JPEGImages``, ``Annotations`` and the splits in ``ImageSets/Main``.

Source: Everingham et al. 2010. ``trainval`` is the union of ``train`` and ``val``, not a third part. A box's pixels are
counted from 1 and its last ones belong to it, so the box from 1 to 10 covers the first ten pixels; objects that are
marked as difficult are boxes like all others.
"""

from pathlib import Path
from xml.etree import ElementTree

from diascope.core.documents.dataset import Box, Case, Source
from diascope.core.errors import ReadError
from diascope.curate.box_findings import set_boxes
from diascope.curate.draft import Draft, Layout, given_from_parts, safe_ids
from diascope.curate.listing import Listing, stem

IMAGES, BOXES, SETS = "JPEGImages", "Annotations", "ImageSets/Main"
TARGET = "boxes"
CORNERS = ("ymin", "xmin", "ymax", "xmax")


def matches(listing: Listing) -> bool:
    """Answer whether images and XML annotations lie in their folders."""
    return not listing.given and any(f.endswith(".xml") for f in listing.below(BOXES)) and any(listing.below(IMAGES))


def read(listing: Listing) -> Draft:
    """Return the images with their boxes and their given split; an image without a file of boxes has no reference.

    Raises:
        ReadError: a file of boxes is no annotation.
    """
    known = set(listing.images)
    files = [f for f in listing.below(IMAGES) if f in known]
    ids = safe_ids(stem(f) for f in files)
    cases = [Case(id=i, images={"image": Source(path=f)}) for i, f in zip(ids, files, strict=True)]
    draft = Draft(listing, listing.root.name, ("image",), cases)
    draft.used = {*files, *listing.below(BOXES), *listing.below(SETS)}
    notes = {stem(f): f for f in listing.below(BOXES) if f.endswith(".xml")}
    found = {i: notes[stem(f)] for i, f in zip(ids, files, strict=True) if stem(f) in notes}
    set_boxes(draft, TARGET, {i: read_boxes(listing.root / file) for i, file in found.items()})
    parts = _parts(listing, set(ids))
    draft.given = given_from_parts(SETS, parts) if parts else None
    return draft


def read_boxes(path: Path) -> list[Box]:
    """Return the boxes of one annotation; one whose corners are the same stays empty.

    Raises:
        ReadError: the file is no XML, or an object has no name or no corners.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _check_plain(path.name, text)
        objects = list(ElementTree.fromstring(text).iter("object"))  # noqa: S314 — without declarations it is safe
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise ReadError(f"{path.name} is no XML file", expected="a Pascal VOC annotation", got=str(error)) from None
    return [_box(path.name, number, found) for number, found in enumerate(objects, 1)]


def _check_plain(file: str, text: str) -> None:
    """Refuse declarations: entities may swell without end, and no annotation needs one."""
    if "<!" in text.replace("<!--", ""):
        raise ReadError(
            f"{file} declares a document type or entities",
            expected="a plain Pascal VOC annotation",
            fix="write the file again without the declaration",
        )


def _box(file: str, number: int, found: ElementTree.Element) -> Box:
    try:
        top, left, bottom, right = (float(found.findtext(f"bndbox/{name}") or "") for name in CORNERS)
    except ValueError:
        raise ReadError(
            f"object {number} of {file} has no corners",
            expected="numbers in bndbox: xmin, ymin, xmax, ymax",
            got=", ".join(f"{name} {found.findtext(f'bndbox/{name}')}" for name in CORNERS),
        ) from None
    label = (found.findtext("name") or "").strip()
    if not label:
        raise ReadError(f"object {number} of {file} has no name", expected="its class in name", got="nothing")
    is_empty = top == bottom or left == right
    first = 0.0 if is_empty else 1.0  # a point has no last pixel to count
    return Box(label=label, low=(top - first, left - first), high=(bottom, right))


def _parts(listing: Listing, ids: set[str]) -> dict[str, str]:
    """Return case id → part; where only ``trainval`` is given, folds are made from it."""
    lists = {stem(f): f for f in listing.below(SETS) if f.endswith(".txt")}
    names = ["train", "val", "test"] if "train" in lists else ["trainval", "test"]
    parts: dict[str, str] = {}
    for name in (n for n in names if n in lists):
        for line in (listing.root / lists[name]).read_text(encoding="utf-8").splitlines():
            if line.strip() and line.split()[0] in ids:
                parts[line.split()[0]] = "train" if name == "trainval" else name
    return parts


LAYOUT = Layout("voc", 30, matches, read)
