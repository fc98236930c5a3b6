"""Segmentations and contours as reference masks of the images that they refer to."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import ReadError
from diascope.curate.draft import Draft, in_one_line
from diascope.curate.rows import with_target
from diascope.io import dicom_rtstruct, dicom_seg
from diascope.io.dicom import Series

TARGET = "mask"
MODALITY_SUFFIX = re.compile(r"[_\-. ](CT|MRI?|PET|PT)([_\-. ]?T[12]w?)?$", re.IGNORECASE)
"""A structure called ``GTV_CT`` on a CT is the one called ``GTV_PET`` on a PET."""


def add_masks(draft: Draft, images: Sequence[Series], others: Sequence[Series]) -> None:
    """Give each case (one an image, in order) the label map that was drawn on it, and say what has no image."""
    if not others:
        return
    drawn: dict[int, list[Series]] = defaultdict(list)
    orphans = []
    for other in others:
        at = _image_of(other, images)
        if at is None:
            orphans.append(other)
        else:
            drawn[at].append(other)
    if orphans:
        names = ", ".join(o.files[0].name for o in orphans[:5]) + (" …" if len(orphans) > 5 else "")
        draft.warn(
            "label_without_image",
            f"{len(orphans)} segmentations or contours were drawn on images that are not here: {names}",
        )
    first = {at: series[0] for at, series in sorted(drawn.items())}
    further = [s.files[0].name for series in drawn.values() for s in series[1:]]
    if further:
        names = ", ".join(further[:5])
        text = f"{len(further)} images have several segmentations; the first of each is taken, not {names}"
        draft.warn("several_masks", text, [draft.cases[at].id for at, series in drawn.items() if len(series) > 1])
    if first:
        _add_target(draft, first)


def _image_of(other: Series, images: Sequence[Series]) -> int | None:
    """Return the number of the image that a segmentation refers to, by series, else by the only one in its space."""
    named = [n for n, image in enumerate(images) if image.uid and image.uid in other.references]
    if named or other.references:
        return named[0] if named else None
    near = [
        n for n, i in enumerate(images) if other.frame_of_reference and i.frame_of_reference == other.frame_of_reference
    ]
    return near[0] if len(near) == 1 else None


def _add_target(draft: Draft, masks: Mapping[int, Series]) -> None:
    names: dict[int, tuple[str, ...]] = {}
    for at, series in masks.items():
        reader = dicom_rtstruct if series.kind == "rtstruct" else dicom_seg
        try:
            names[at] = reader.structures(series.files[0])
        except ReadError as error:
            case_id = draft.cases[at].id
            draft.left_out[case_id] = in_one_line(error)
            draft.warn("unreadable", f"the mask of {case_id} cannot be read: {error.what}", [case_id])
    classes = _classes(draft, names)
    order = list(dict.fromkeys(classes.values()))
    lacking: dict[str, list[str]] = defaultdict(list)
    for at, own in names.items():
        by_class = {classes[_key(n)]: n for n in reversed(own)}
        for name in (c for c in order if c not in by_class):
            lacking[name].append(draft.cases[at].id)
        path = masks[at].files[0]
        source = Source(path=_relative(draft, path), structures=tuple(by_class.get(c, "") for c in order))
        draft.cases[at] = with_target(draft.cases[at], TARGET, source)
    for n, case in enumerate(draft.cases):
        draft.cases[n] = case if TARGET in case.targets else with_target(case, TARGET, None)
    draft.targets[TARGET] = Target(kind="mask", classes=("background", *order), values=tuple(range(len(order) + 1)))
    for name, ids in lacking.items():
        draft.warn(
            "structure_absent",
            f"the structure {name!r} is absent from {len(ids)} files: there it counts as background",
            ids,
        )


def _relative(draft: Draft, path: Path) -> str:
    return path.relative_to(draft.listing.root).as_posix()


def _key(name: str) -> str:
    return MODALITY_SUFFIX.sub("", name.strip()).casefold()


def _classes(draft: Draft, names: Mapping[int, tuple[str, ...]]) -> dict[str, str]:
    """Return structure key → class name: spellings that differ only in case or in a modality at the end are one."""
    found: dict[str, list[str]] = defaultdict(list)
    for own in names.values():
        for name in own:
            found[_key(name)].append(name.strip())
    classes = {}
    for key in sorted(found):
        spellings = sorted(set(found[key]))
        classes[key] = spellings[0] if len(spellings) == 1 else MODALITY_SUFFIX.sub("", spellings[0])
        if len(spellings) > 1:
            draft.note(
                "structures_merged", f"the structures {', '.join(spellings)} are taken as one class, {classes[key]}"
            )
    return classes
