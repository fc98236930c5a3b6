"""Medical Segmentation Decathlon and nnU-Net folders: ``dataset.json`` beside ``imagesTr`` and ``labelsTr``.

Sources: Antonelli et al. 2022 (the Decathlon's ``training`` list of image and label paths, ``modality`` and ``labels``
as number → name); nnU-Net v2, documentation/dataset_format.md (``channel_names``, ``labels`` as name → number,
``file_ending``, files named ``CASE_0000`` by channel).
"""

import json
import re
from pathlib import PurePosixPath
from typing import Any

from diascope.core.documents.dataset import Case, Source, Target
from diascope.core.errors import DatasetError, ReadError
from diascope.curate.draft import Draft, Given, Layout, safe_ids
from diascope.curate.folds_file import add_given_folds
from diascope.curate.listing import Listing, image_suffixes, stem

FILE, TARGET = "dataset.json", "mask"
CHANNEL = re.compile(r"(.+)_(\d{4})$")
MODALITIES = {"mri": "MR", "mr": "MR", "ct": "CT", "pet": "PT", "pt": "PT", "us": "US", "xray": "DX", "x-ray": "DX"}
"""Words of ``dataset.json`` → DICOM modality; the names of sequences (T1, FLAIR) say nothing of it."""


def matches(listing: Listing) -> bool:
    """Answer whether there is a ``dataset.json`` of this kind (it names labels and channels)."""
    file = listing.given or FILE
    if file != FILE or file not in listing.file_set:
        return False
    try:
        content = json.loads((listing.root / FILE).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return True  # reading it says what is wrong with it
    return isinstance(content, dict) and "labels" in content


def read(listing: Listing) -> Draft:
    """Return the cases of the training part, and those of the test part that have a label map.

    Raises:
        ReadError: ``dataset.json`` is no JSON.
        DatasetError: its labels are nnU-Net regions, or it names no channel or no case.
    """
    try:
        content = json.loads((listing.root / FILE).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ReadError(
            f"{FILE} is no JSON", expected="one JSON object", got=str(error), fix="correct the file"
        ) from None
    channels, target = _channels(content), _target(content["labels"])
    name = str(content.get("name") or listing.root.name)
    draft = Draft(listing, name, channels, [], {TARGET: target}, used={FILE}, modality=_modality(content))
    listed = _listed(content) or _found(listing, "Tr")
    test = _found(listing, "Ts")
    _add(draft, listed)
    count = len(draft.cases)
    _add(draft, {image: label for image, label in test.items() if label}, channels_needed=True)
    labelled = tuple(c.id for c in draft.cases[count:])
    if labelled:
        draft.given = Given(f"imagesTs and labelsTs of {FILE}", (), labelled)
    _say_unlabelled(draft, test, content)
    if not draft.cases:
        raise DatasetError(
            f"{FILE} lists no case", expected="images in imagesTr", got="none", fix="correct its training list"
        )
    _find_orphans(draft)
    add_given_folds(draft)
    return draft


def _channels(content: dict[str, Any]) -> tuple[str, ...]:
    named = content.get("channel_names") or content.get("modality") or {"0": "image"}
    if not isinstance(named, dict) or not named:
        raise DatasetError(f"{FILE} names no channel", expected='"channel_names": {"0": "T1"}', got=named)
    names = [str(v) for _, v in sorted(named.items(), key=lambda item: int(item[0]))]
    return tuple(f"{n}_{i}" if names.count(n) > 1 else n for i, n in enumerate(names))


def _modality(content: dict[str, Any]) -> str | None:
    names = {str(v).strip().lower() for v in (content.get("modality") or content.get("channel_names") or {}).values()}
    found = {MODALITIES.get(n) for n in names}
    return found.pop() if len(found) == 1 else None


def _target(labels: Any) -> Target:
    """Return the mask target of ``labels``, written number → name or name → number."""
    if not isinstance(labels, dict) or not labels:
        raise DatasetError(f"{FILE} names no labels", expected='"labels": {"background": 0, "tumour": 1}', got=labels)
    regions = sorted(str(k) for k, v in labels.items() if isinstance(v, list))
    if regions:
        raise DatasetError(
            f"{FILE} declares regions, which overlap; this version learns one class for each voxel",
            expected="one number for each label",
            got=f"several numbers for {', '.join(regions)}",
            fix='give each number in the masks its own name, such as "edema": 1, and remove regions_class_order',
        )
    try:
        numbers_first = all(str(k).lstrip("-").isdigit() for k in labels)
        pairs = (
            {int(k): str(v) for k, v in labels.items()}
            if numbers_first
            else {int(v): str(k) for k, v in labels.items()}
        )
    except (TypeError, ValueError):
        raise DatasetError(f"{FILE} has labels that are no numbers", expected="name → number", got=labels) from None
    if any(name.lower() == "ignore" for name in pairs.values()):
        raise DatasetError(
            f"{FILE} declares an ignore label, which this version cannot leave out of the loss",
            expected="only classes",
            got='"ignore"',
            fix="give those voxels a class, or leave those cases out",
        )
    pairs.setdefault(0, "background")
    values = (0, *sorted(v for v in pairs if v != 0))
    return Target(kind="mask", classes=tuple(pairs[v] for v in values), values=values)


def _listed(content: dict[str, Any]) -> dict[str, str | None]:
    """Return image → label of the Decathlon's training list, or nothing where there is none."""
    listed: dict[str, str | None] = {}
    for item in content.get("training") or ():
        if isinstance(item, dict) and "image" in item:
            label = item.get("label")
            listed[_clean(item["image"])] = None if label is None else _clean(label)
    return listed


def _clean(path: str) -> str:
    return str(PurePosixPath(str(path).replace("\\", "/")))


def _found(listing: Listing, part: str) -> dict[str, str | None]:
    """Return image → label by file names; an image with channels is named without its ``_0000``."""
    labels = {stem(f): f for f in listing.below(f"labels{part}") if f in set(listing.images)}
    found: dict[str, str | None] = {}
    known = set(listing.images)
    for file in (f for f in listing.below(f"images{part}") if f in known):
        case, suffix = stem(file), file[len(file.removesuffix(_suffix(file))) :]
        if match := CHANNEL.match(case):
            case = match[1]
        found[f"images{part}/{case}{suffix}"] = labels.get(case)
    return found


def _suffix(file: str) -> str:
    return next((file[-len(s) :] for s in image_suffixes() if file.lower().endswith(s)), "")


def _add(draft: Draft, listed: dict[str, str | None], *, channels_needed: bool = False) -> None:
    """Add a case for each image; channels lie in ``CASE_0000`` files, or together in one file."""
    files = draft.listing.file_set
    absent: list[str] = []
    ids = safe_ids([*(c.id for c in draft.cases), *(stem(i) for i in listed)])[len(draft.cases) :]
    for case_id, (image, label) in zip(ids, listed.items(), strict=True):
        sources = _sources(draft, image)
        if not sources:
            draft.left_out[case_id] = f"the file {PurePosixPath(image).name}, which {FILE} lists, does not exist"
            absent.append(case_id)
        value = Source(path=label) if label in files and label is not None else None
        draft.used.update(s.path for s in sources.values())
        draft.used.update([label] if value and label else [])
        draft.cases.append(Case(id=case_id, images=sources, targets={TARGET: value}))
    if absent:
        draft.warn("unreadable", f"{FILE} lists {len(absent)} images that do not exist", absent)


def _sources(draft: Draft, image: str) -> dict[str, Source]:
    files, suffix = draft.listing.file_set, _suffix(image)
    start = image.removesuffix(suffix)
    if image in files:
        if len(draft.channels) == 1:
            return {draft.channels[0]: Source(path=image)}
        return {name: Source(path=image, index=n) for n, name in enumerate(draft.channels)}
    named = {name: f"{start}_{n:04d}{suffix}" for n, name in enumerate(draft.channels)}
    return {name: Source(path=file) for name, file in named.items() if file in files}


def _say_unlabelled(draft: Draft, test: dict[str, str | None], content: dict[str, Any]) -> None:
    unlabelled = [image for image, label in test.items() if label is None]
    draft.used.update(f for f in draft.listing.below("imagesTs"))
    if unlabelled:
        draft.note(
            "unlabelled_test",
            f"{len(unlabelled)} images in imagesTs have no label map and take no part: nothing can be measured on them",
        )


def _find_orphans(draft: Draft) -> None:
    """Say which label maps have no image, and which images in imagesTr are not listed."""
    images = set(draft.listing.images)
    labels = sorted(f for f in draft.listing.below("labelsTr") if f in images and f not in draft.used)
    if labels:
        names = ", ".join(PurePosixPath(f).name for f in labels[:5]) + (" …" if len(labels) > 5 else "")
        draft.warn("label_without_image", f"{len(labels)} label maps have no image: {names}")
    extra = sorted(f for f in draft.listing.below("imagesTr") if f in images and f not in draft.used)
    if extra:
        names = ", ".join(PurePosixPath(f).name for f in extra[:5]) + (" …" if len(extra) > 5 else "")
        draft.warn("image_not_listed", f"{len(extra)} images in imagesTr are not listed in {FILE}: {names}")


LAYOUT = Layout("dataset_json", 20, matches, read)
