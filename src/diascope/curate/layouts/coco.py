"""COCO files: images, annotations and categories in one JSON file for each part.

Source: Lin et al. 2014. A box is left, top, width and height in pixels, counted from 0; crowds (``iscrowd``) are no
boxes of single findings and are left out by name. Images are named without their folder, so that ``train/1.png`` and
``val/1.png`` are told apart by the part that the JSON file is called after.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from diascope.core.documents.dataset import Box, Case, Source
from diascope.core.errors import ReadError
from diascope.curate.box_findings import set_boxes
from diascope.curate.draft import Draft, Layout, given_from_parts, safe_ids
from diascope.curate.layouts._coco_images import ImageFinder, part_of
from diascope.curate.listing import Listing, stem

FOLDER = "annotations"
TARGET = "boxes"
PEEK_BYTES = 1 << 16
KEYS = (b'"images"', b'"annotations"', b'"categories"')
HELD_OUT_FIRST = ("test", "validation", "train")
"""Part of an image that files of several parts list: where it is held out, nothing learns from it."""


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
class _File:
    """What one file says.

    Attributes:
        classes: names of the categories, by their numbers.
        boxes: path of each listed image that exists → its boxes.
        speaks_of_boxes: it has annotations; a file without any lists images only.
    """

    classes: list[str]
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    absent: int = 0
    crowds: list[str] = field(default_factory=list)
    speaks_of_boxes: bool = False


def read(listing: Listing) -> Draft:
    """Return the images that the files name with their boxes, and their split by the files' names.

    An image that several files list is one case. What they say of it alike counts once; where their boxes of a class
    differ, that is an error of the data.

    Raises:
        ReadError: a file is no JSON, an annotation names an image or a category that is not in its file, or a file
            names an image of which several in different folders are called so.
    """
    found = _read_files(listing, _files(listing))
    paths = list(dict.fromkeys(path for file in found.values() for path in file.boxes))
    ids = dict(zip(paths, safe_ids(_names(paths)), strict=True))
    cases = [Case(id=i, images={"image": Source(path=f)}) for f, i in ids.items()]
    draft = Draft(listing, listing.root.name, ("image",), cases, used={*paths, *found})
    classes = list(dict.fromkeys(name for file in found.values() for name in file.classes))
    set_boxes(draft, TARGET, {ids[f]: _joined(found.values(), f) for f in paths}, classes)
    _tell(draft, found, ids)
    parts = {ids[f]: part for f in paths if (part := _held_out_first(found, f))}
    draft.given = given_from_parts("annotation files", parts) if parts else None
    return draft


def _read_files(listing: Listing, files: Iterable[str]) -> dict[str, _File]:
    contents: dict[str, Any] = {}
    found: dict[str, _File] = {}
    for file in files:
        with _naming(file):
            contents[file] = json.loads((listing.root / file).read_text(encoding="utf-8"))
            contents[file]["images"] = [{**i, "file_name": str(i["file_name"])} for i in contents[file]["images"]]
    images = ImageFinder(
        listing, {file: {i["file_name"] for i in content["images"]} for file, content in contents.items()}
    )
    for file, content in contents.items():
        with _naming(file):
            found[file] = _read_file(file, content, images)
    return found


@contextmanager
def _naming(file: str) -> Iterator[None]:
    """Turn what goes wrong in reading JSON into an error that names its file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError(
            f"{file} is no COCO file",
            expected="images with id and file_name, categories with id and name, annotations with bbox",
            got=f"{type(error).__name__}: {error}",
        ) from None


def _read_file(file: str, content: Mapping[str, Any], images: ImageFinder) -> _File:
    names = {category["id"]: str(category["name"]) for category in content.get("categories", [])}
    found = _File([names[number] for number in sorted(names)])
    paths = {image["id"]: images.find(image["file_name"], file) for image in content["images"]}
    found.boxes = {path: [] for path in paths.values() if path is not None}
    found.absent = sum(path is None for path in paths.values())
    for annotation in content.get("annotations", []):
        found.speaks_of_boxes = True
        label = names.get(annotation["category_id"])
        if annotation["image_id"] not in paths or label is None:
            what = "category" if label is None else "image"
            raise ReadError(
                f"annotation {annotation.get('id')} of {file} names a {what} that is not in the file",
                expected=f"an id of its {'categories' if label is None else 'images'}",
                got=annotation["category_id"] if label is None else annotation["image_id"],
            )
        path = paths[annotation["image_id"]]
        if path is not None and annotation.get("iscrowd"):
            found.crowds.append(path)
        elif path is not None:
            left, top, width, height = (float(n) for n in annotation["bbox"])
            found.boxes[path].append(Box(label=label, low=(top, left), high=(top + height, left + width)))
    return found


def _names(paths: Iterable[str]) -> list[str]:
    """Return what each image is called: its stem, with its folders where several have the same one."""
    stems = {path: stem(path) for path in paths}
    counted = Counter(stems.values())
    return [s if counted[s] == 1 else str(PurePosixPath(path).with_name(s)) for path, s in stems.items()]


def _joined(files: Iterable[_File], path: str) -> list[Box]:
    """Return an image's boxes of all files; one that stands in several files counts as often as where most do."""
    joined: list[Box] = []
    for file in files:
        left = Counter(joined)
        for box in file.boxes.get(path, ()):
            if left[box]:
                left[box] -= 1
            else:
                joined.append(box)
    return joined


def _tell(draft: Draft, found: Mapping[str, _File], ids: Mapping[str, str]) -> None:
    """Add what there is to say: images that are absent, crowds, and what several files say of one image."""
    if absent := sum(file.absent for file in found.values()):
        draft.warn("unreadable", f"{absent} images that the annotations name do not exist")
    crowds: Counter[str] = Counter()
    for file in found.values():
        crowds |= Counter(file.crowds)
    if crowds:
        number = crowds.total()
        draft.warn(
            "crowds",
            f"{number} annotations mark crowds, no single findings: left out",
            [i for f, i in ids.items() if crowds[f]],
        )
    if several := [i for f, i in ids.items() if len(_parts(found, f)) > 1]:
        what = "images are listed by the files of several parts: each is held out where one of them does so"
        draft.warn("listed_twice", f"{len(several)} {what}", several)
    if differ := [i for f, i in ids.items() if _differ(found.values(), f)]:
        draft.error(
            "boxes_differ",
            f"{len(differ)} images have other boxes in one annotation file than in another: leave one of the files out",
            differ,
        )


def _differ(files: Iterable[_File], path: str) -> bool:
    """Answer whether two files with annotations have different boxes of a class that both know."""
    speaking = [file for file in files if file.speaks_of_boxes and path in file.boxes]
    for place, one in enumerate(speaking):
        for other in speaking[place + 1 :]:
            shared = set(one.classes) & set(other.classes)
            first, second = (Counter(b for b in f.boxes[path] if b.label in shared) for f in (one, other))
            if first != second:
                return True
    return False


def _parts(found: Mapping[str, _File], path: str) -> set[str]:
    """Return the parts that the files which list an image are called after."""
    return {part for name, file in found.items() if path in file.boxes and (part := part_of(stem(name)))}


def _held_out_first(found: Mapping[str, _File], path: str) -> str | None:
    parts = _parts(found, path)
    return next((part for part in HELD_OUT_FIRST if part in parts), None)


LAYOUT = Layout("coco", 31, matches, read)
