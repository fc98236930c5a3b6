"""Pascal VOC folders: ``JPEGImages``, ``Annotations`` and the splits in ``ImageSets/Main``.

Source: Everingham et al. 2010. ``trainval`` is the union of ``train`` and ``val``, not a third part. Boxes are no
kind of target yet, so the cases and their split are read and the task is said to be missing.
"""

from diascope.core.documents.dataset import Case, Source
from diascope.curate.draft import Draft, Layout, given_from_parts, safe_ids
from diascope.curate.listing import Listing, stem

IMAGES, BOXES, SETS = "JPEGImages", "Annotations", "ImageSets/Main"
NO_DETECTION = "boxes ask for detection, which is not available in this version; classification and segmentation are"


def matches(listing: Listing) -> bool:
    """Answer whether images and XML annotations lie in their folders."""
    return not listing.given and any(f.endswith(".xml") for f in listing.below(BOXES)) and any(listing.below(IMAGES))


def read(listing: Listing) -> Draft:
    """Return the images and their given split; boxes are not read."""
    known = set(listing.images)
    files = [f for f in listing.below(IMAGES) if f in known]
    ids = safe_ids(stem(f) for f in files)
    cases = [Case(id=i, images={"image": Source(path=f)}) for i, f in zip(ids, files, strict=True)]
    draft = Draft(listing, listing.root.name, ("image",), cases)
    draft.used = {*files, *listing.below(BOXES), *listing.below(SETS)}
    draft.error("task_unavailable", NO_DETECTION)
    parts = _parts(listing, set(ids))
    draft.given = given_from_parts(SETS, parts) if parts else None
    return draft


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
