"""A folder for each class, also below ``train``, ``val`` and ``test``."""

from collections import defaultdict
from dataclasses import dataclass

from diascope.core.documents.dataset import Case, Source, Target, Value
from diascope.curate.columns import class_name, class_names
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts, safe_ids
from diascope.curate.layouts.pairs import IMAGE_FOLDER, MASK_FOLDER
from diascope.curate.listing import Listing, stem


@dataclass(frozen=True)
class _File:
    """An image with the words that its folders say: part of a split, class, and what lies below the class.

    Attributes:
        patient: the folders below the class without those that are called images; empty where none is left.
    """

    path: str
    part: str
    label: str
    below: str

    @property
    def patient(self) -> str:
        return "/".join(w for w in self.below.split("/") if not IMAGE_FOLDER.fullmatch(w.lower()))


def matches(listing: Listing) -> bool:
    """Answer whether every image lies in one of at least two class folders."""
    if listing.given:
        return False
    files = _look(listing)
    return len({f.label for f in files}) > 1


def _look(listing: Listing) -> list[_File]:
    """Return the images by class, or nothing where some lie outside a class folder."""
    paths = [f.split("/") for f in listing.images]
    while paths and all(len(p) > 1 for p in paths) and len({p[0] for p in paths}) == 1:
        paths = [p[1:] for p in paths]  # a folder around everything is no class
    has_parts = bool(paths) and all(len(p) > 2 and p[0].lower() in PARTS for p in paths)
    files = []
    for path, full in zip(paths, listing.images, strict=True):
        part, rest = (path[0], path[1:]) if has_parts else ("", path)
        low = rest[0].lower()
        if len(rest) < 2 or IMAGE_FOLDER.fullmatch(low) or MASK_FOLDER.fullmatch(low):
            return []
        files.append(_File(full, part, rest[0], "/".join(rest[1:-1])))
    return files


def read(listing: Listing) -> Draft:
    """Return a case for each image; images in folders of one name below the classes are taken for one patient's.

    The class is no part of the patient: who has a benign and a malignant finding must not be trained and tested on.
    """
    files = _look(listing)
    classes, spelling = class_names(f.label for f in files)
    draft = Draft(listing, listing.root.name, ("image",), [], {"label": Target(kind="class", classes=classes)})
    for case_id, file in zip(_ids(files), files, strict=True):
        targets: dict[str, Value] = {"label": spelling[class_name(file.label) or ""]}
        images, patient = {"image": Source(path=file.path)}, file.patient or None
        draft.cases.append(Case(id=case_id, images=images, targets=targets, patient=patient))
        draft.used.add(file.path)
    _say_patients(draft)
    parts = {c.id: f.part for c, f in zip(draft.cases, files, strict=True) if f.part}
    draft.given = given_from_parts("folders", parts) if parts else None
    return draft


def _say_patients(draft: Draft) -> None:
    """Say that folders are taken for patients, naming cases: a folder's name is a patient's identity."""
    classes, cases = defaultdict(set), defaultdict(list)
    for case in draft.cases:
        if case.patient is not None:
            classes[case.patient].add(case.targets["label"])
            cases[case.patient].append(case.id)
    if cases:
        count = sum(map(len, cases.values()))
        draft.note(
            "folders_as_patients", f"{count} images lie in folders below their class: each folder is one patient"
        )
    several = [patient for patient, found in classes.items() if len(found) > 1]
    if several:
        text = (
            f"{len(several)} folder names occur below several classes: folders of one name are taken for one patient, "
            "who stays in one part of a split; where they are different patients, give the folders different names"
        )
        draft.warn("patients_in_several_classes", text, [i for patient in several for i in cases[patient]])


def _ids(files: list[_File]) -> list[str]:
    stems = [stem(f.path) for f in files]
    if len(set(stems)) == len(stems):
        return safe_ids(stems)
    return safe_ids("/".join(p for p in (f.part, f.label, f.below, s) if p) for f, s in zip(files, stems, strict=True))


LAYOUT = Layout("class_folders", 80, matches, read)
