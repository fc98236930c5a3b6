"""One mask a nucleus, a folder for each image: ``ID/images/ID.png``, ``ID/masks/*.png`` (Data Science Bowl 2018)."""

from collections import defaultdict
from collections.abc import Iterator

from diascope.core.documents.dataset import Case, Source, Target
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts, safe_ids
from diascope.curate.listing import Listing, stem

IMAGES, MASKS = "images", "masks"
FEWEST = 2
"""Masks of one image from which they are taken for one object each; one mask is a pair's (chosen here)."""


def _folders(listing: Listing) -> dict[str, tuple[list[str], list[str]]]:
    """Return folder → its images and its masks, in order."""
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for path in listing.images:
        *above, kind, _ = path.split("/") if path.count("/") > 1 else ("", "", "")
        if kind.lower() in (IMAGES, MASKS):
            found["/".join(above)][kind.lower() == MASKS].append(path)
    return dict(sorted(found.items()))


def _is_case(images: list[str], masks: list[str]) -> bool:
    return len(images) == 1 and not any(stem(images[0]) == stem(mask) for mask in masks)


def matches(listing: Listing) -> bool:
    """Answer whether folders hold one image each, some beside several masks that are not called like it."""
    if listing.given:
        return False
    folders = _folders(listing).values()
    return any(len(masks) >= FEWEST for _, masks in folders) and all(_is_case(*f) for f in folders if f[0])


def read(listing: Listing) -> Draft:
    """Return a case for each folder; an image without any mask has no reference."""
    draft = Draft(listing, listing.root.name, ("image",), [], {"instances": Target(kind="instances")})
    folders = {name: f for name, f in _folders(listing).items() if f[0]}
    ids = safe_ids(_names(list(folders)))
    parts: dict[str, str] = {}
    for case_id, (folder, (images, masks)) in zip(ids, folders.items(), strict=True):
        value = None
        if masks:
            above = masks[0].rsplit("/", 1)[0]
            value = Source(path=above, files=tuple(m.rsplit("/", 1)[1] for m in masks))
        draft.used.update(images + masks)
        draft.cases.append(Case(id=case_id, images={"image": Source(path=images[0])}, targets={"instances": value}))
        if part := next((PARTS[word.lower()] for word in folder.split("/") if word.lower() in PARTS), ""):
            parts[case_id] = part
    draft.given = given_from_parts("folders", parts) if parts else None
    return draft


def _names(folders: list[str]) -> Iterator[str]:
    """Return each folder's own name, with those above it where names repeat."""
    own = [folder.rsplit("/", 1)[-1] for folder in folders]
    return iter(own if len(set(own)) == len(own) else folders)


LAYOUT = Layout("object_masks", 65, matches, read)
