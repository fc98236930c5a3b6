"""Images and masks that belong together by folder (``images/``, ``masks/``) or suffix (``a.png``, ``a_mask.png``)."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from diascope.core.documents.dataset import Case, Source, Target
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts, safe_ids
from diascope.curate.folds_file import add_given_folds
from diascope.curate.listing import Listing, stem

_PART = r"(?:[_\-]?(tr|ts|train|training|val|valid|validation|test|testing))?"
IMAGE_FOLDER = re.compile(rf"(images?|imgs?|volumes?|scans?|x){_PART}")
MASK_FOLDER = re.compile(rf"(masks?|labels?|segmentations?|segs?|annotations?|gt|ground_?truth|y){_PART}")
MASK_SUFFIX = re.compile(r"(.+?)[_\-. ](masks?|segmentation|seg|labels?|gt|annotation)$", re.IGNORECASE)
IMAGE_SUFFIX = re.compile(r"(.+?)[_\-. ](image|img)$", re.IGNORECASE)
CHANNEL = re.compile(r"(.+)_(\d{4})$")
MOST_GROUPS = 20


@dataclass(frozen=True)
class _File:
    """A file's part in a pair.

    Attributes:
        role: what its folder or suffix says; None where nothing does: an image, if a mask goes with it.
        folder, name: what it shares with its partner.
        part: word for the split's part, or an empty text.
    """

    path: str
    role: Literal["image", "mask"] | None
    folder: str
    name: str
    part: str

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.part, self.folder, self.name)


def matches(listing: Listing) -> bool:
    """Answer whether at least one image has its mask."""
    return not listing.given and bool(_pair(listing)[0])


def _look(path: str) -> _File:
    *folders, _ = path.split("/")
    name, role, part, rest = stem(path), None, "", []
    for folder in folders:
        low = folder.lower()
        if match := MASK_FOLDER.fullmatch(low):
            role, part = "mask", match[2] or part
        elif match := IMAGE_FOLDER.fullmatch(low):
            role, part = "image", match[2] or part
        elif low in PARTS:
            part = low
        else:
            rest.append(folder)
    if (match := MASK_SUFFIX.match(name)) and role != "image":
        name, role = match[1], "mask"
    elif (match := IMAGE_SUFFIX.match(name)) and role != "mask":
        name = match[1]
    return _File(path, role, "/".join(rest), name, PARTS.get(part, ""))


Pairs = list[tuple[list[_File], _File | None]]


def _pair(listing: Listing) -> tuple[Pairs, list[_File], list[_File]]:
    """Return pairs of an image (its channels' files) and its mask, images without mask, and masks without image."""
    files = [_look(path) for path in listing.images]
    masks = {f.key: f for f in files if f.role == "mask"}
    named = any(f.role == "image" for f in files)
    by_name = Counter(f.name for f in masks.values())
    free = {f.name: f for f in masks.values() if by_name[f.name] == 1}
    grouped: dict[tuple[str, str, str], list[_File]] = {}
    for file in (f for f in files if f.role != "mask"):
        match = CHANNEL.match(file.name)
        base = match[1] if match and file.key not in masks and file.name not in free else file.name
        grouped.setdefault((file.part, file.folder, base), []).append(file)
    pairs: Pairs = []
    alone: list[_File] = []
    taken: set[str] = set()
    for key, images in grouped.items():
        mask = masks.get(key) or free.get(key[2])
        if mask is None or mask.path in taken:
            alone += [f for f in images if f.role == "image" or not named]
            continue
        taken.add(mask.path)
        for same in _one_case(images):
            pairs.append((same, mask))
    return pairs, alone, [f for f in masks.values() if f.path not in taken]


def _one_case(images: list[_File]) -> list[list[_File]]:
    """Return files that are the channels of one image together; several files of one name are not channels."""
    if len(images) > 1 and all(CHANNEL.match(f.name) for f in images):
        return [sorted(images, key=lambda f: f.name)]
    return [images[:1]]


def read(listing: Listing) -> Draft:
    """Return the pairs, and the images without a mask."""
    pairs, alone, orphans = _pair(listing)
    widest = max(len(images) for images, _ in pairs)
    channels: tuple[str, ...] = ("image",) if widest == 1 else tuple(f"channel_{n}" for n in range(widest))
    draft = Draft(listing, listing.root.name, channels, [], {"mask": Target(kind="mask")})
    entries: Pairs = [*pairs, *(([f], None) for f in alone)]
    entries.sort(key=lambda entry: entry[0][0].path)
    ids = _ids([images[0] for images, _ in entries])
    for case_id, (images, mask) in zip(ids, entries, strict=True):
        sources = {_channel(f, channels): Source(path=f.path) for f in images}
        value = None if mask is None else Source(path=mask.path)
        draft.used.update([f.path for f in images] + ([mask.path] if mask else []))
        draft.cases.append(Case(id=case_id, images=sources, targets={"mask": value}))
    _add_groups(draft, [images[0] for images, _ in entries])
    parts = {i: images[0].part for i, (images, _) in zip(ids, entries, strict=True) if images[0].part}
    draft.given = given_from_parts("folders", parts) if parts else None
    if orphans:
        names = ", ".join(f.path.rsplit("/", 1)[-1] for f in orphans[:5]) + (" …" if len(orphans) > 5 else "")
        draft.warn("label_without_image", f"{len(orphans)} masks have no image: {names}")
    add_given_folds(draft)
    return draft


def _channel(file: _File, channels: Sequence[str]) -> str:
    match = CHANNEL.match(file.name)
    return channels[min(int(match[2]), len(channels) - 1) if match else 0]


def _ids(files: list[_File]) -> list[str]:
    names = [CHANNEL.sub(r"\1", f.name) if len(f.name) > 5 and f.role == "image" else f.name for f in files]
    if len(set(names)) == len(names):
        return safe_ids(names)
    return safe_ids("/".join(p for p in (f.folder, f.name) if p) for f in files)


def _add_groups(draft: Draft, files: list[_File]) -> None:
    """Keep the folder that images lie in beside their role as an attribute, where it groups them."""
    folders = {f.folder for f in files}
    if 1 < len(folders) <= MOST_GROUPS and 2 * len(folders) <= len(files):
        draft.attributes = ("folder",)
        draft.cases = [
            c.model_copy(update={"attributes": {"folder": f.folder}}) for c, f in zip(draft.cases, files, strict=True)
        ]


LAYOUT = Layout("pairs", 70, matches, read)
