"""Stacked arrays in one ``.npz``, as MedMNIST has them: ``train_images``, ``train_labels``, ``val_…``, ``test_…``.

Source: Yang et al., Scientific Data 2023 (MedMNIST v2). Several columns of labels are several yes/no labels.
"""

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Source, Target, Value
from diascope.core.errors import DatasetError, ReadError
from diascope.curate.columns import class_names
from diascope.curate.draft import PARTS, Draft, Layout, given_from_parts
from diascope.curate.listing import Listing

IMAGES, LABELS = (
    {"images", "image", "imgs", "x", "data", "clips", "clip", "videos", "video", "cine"},
    {"labels", "label", "y", "targets", "target", "masks", "mask"},
)


@dataclass(frozen=True)
class _Stack:
    """The keys of one part: its images, and its labels if there are any."""

    part: str
    images: str
    labels: str | None


def matches(listing: Listing) -> bool:
    """Answer whether there is an ``.npz`` with stacked images, or one that the user named."""
    if listing.given:
        return listing.given.lower().endswith(".npz")
    return any(_stacks(_keys(listing.root / f)) for f in listing.top(".npz"))


def read(listing: Listing) -> Draft:
    """Return a case for each row.

    Raises:
        ReadError: the file is damaged, or holds pickled objects, which are never opened.
        DatasetError: no key names images, or images and labels differ in number.
    """
    file = listing.given or next(f for f in listing.top(".npz") if _stacks(_keys(listing.root / f)))
    keys = _keys(listing.root / file)
    stacks = _stacks(keys)
    if not keys:
        raise ReadError(f"{file} is damaged or empty", expected="a whole .npz", fix="copy or export the file again")
    if not stacks:
        raise DatasetError(
            f"{file} has no stacked images",
            expected="arrays named train_images, train_labels, val_images … or images and labels",
            got=", ".join(keys) or "no arrays",
        )
    draft = Draft(listing, Path(file).stem, ("image",), [], used={file})
    labels = {s.part: _labels(listing.root / file, s) for s in stacks}
    for stack in stacks:
        _add(draft, file, stack, labels[stack.part])
    _add_target(draft, [v for v in labels.values() if v is not None])
    parts = {
        f"{s.part}_{n:05d}": s.part for s in stacks if s.part for n in range(_length(listing.root / file, s.images))
    }
    draft.given = given_from_parts(f"arrays of {file}", parts) if parts else None
    return draft


def _keys(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [n.removesuffix(".npy") for n in archive.namelist()]
    except (zipfile.BadZipFile, OSError):
        return []


def _stacks(keys: Iterable[str]) -> list[_Stack]:
    """Return the parts whose images have a key: ``train_images``, ``x_train`` or ``images``."""
    images: dict[str, str] = {}
    labels: dict[str, str] = {}
    for key in keys:
        words = [w for w in re.split(r"[_\-.]", key.lower()) if w]
        parts = [w for w in words if w in PARTS]
        rest = [w for w in words if w not in PARTS]
        if len(rest) == 1 and len(parts) <= 1:
            where = images if rest[0] in IMAGES else labels if rest[0] in LABELS else {}
            where.setdefault(parts[0] if parts else "", key)
    return [_Stack(part, key, labels.get(part)) for part, key in images.items()]


def _array(path: Path, key: str) -> NDArray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[key]
    except ValueError as error:
        raise ReadError(
            f"{path.name}: the array {key!r} holds Python objects, which may run code when opened",
            expected="numbers",
            got=str(error),
            fix="save it again as an array of numbers",
        ) from None
    except (zipfile.BadZipFile, OSError, EOFError, KeyError) as error:
        raise ReadError(f"{path.name} is damaged", expected="a whole .npz", got=str(error)) from None


def _length(path: Path, key: str) -> int:
    """Return the number of rows without reading them."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, _ = read_header(file)
    return int(shape[0]) if shape else 0


def _labels(path: Path, stack: _Stack) -> NDArray | None:
    if stack.labels is None:
        return None
    labels, rows = _array(path, stack.labels), _length(path, stack.images)
    if labels.ndim == 0 or len(labels) != rows:
        raise DatasetError(
            f"{path.name}: {stack.images} and {stack.labels} differ in number",
            expected=f"{rows} labels",
            got=len(labels) if labels.ndim else "one number",
        )
    return labels[:, None] if labels.ndim == 1 else labels


def _add(draft: Draft, file: str, stack: _Stack, labels: NDArray | None) -> None:
    for n in range(_length(draft.listing.root / file, stack.images)):
        sources = {"image": Source(path=file, key=stack.images, index=n)}
        targets: dict[str, Value] = {}
        if labels is not None and labels.ndim > 2:
            targets = {"mask": Source(path=file, key=stack.labels, index=n)}
        elif labels is not None:
            targets = {"label": _row_value(labels[n])}
        draft.cases.append(Case(id=f"{stack.part or 'case'}_{n:05d}", images=sources, targets=targets))


def _row_value(row: NDArray) -> Value:
    if len(row) == 1:
        return str(row[0].item())
    return {str(n): None if np.isnan(float(v)) else int(v) for n, v in enumerate(row)}


def _add_target(draft: Draft, labels: list[NDArray]) -> None:
    """Declare what the label arrays make: a mask, several yes/no labels, or one class."""
    if not labels:
        return
    widths = {v.shape[1:] if v.ndim == 2 else (v.ndim,) for v in labels}
    if any(v.ndim > 2 for v in labels):
        draft.targets["mask"] = Target(kind="mask")
    elif widths == {(1,)}:
        classes, spelling = class_names(str(v[0].item()) for part in labels for v in part)
        draft.targets["label"] = Target(kind="class", classes=classes)
        draft.cases = [_respelled(case, spelling) for case in draft.cases]
    else:
        draft.targets["label"] = Target(kind="classes", classes=tuple(str(n) for n in range(max(w[0] for w in widths))))


def _respelled(case: Case, spelling: dict[str, str]) -> Case:
    value = case.targets.get("label")
    if not isinstance(value, str):
        return case
    plain = spelling.get(value, value.removesuffix(".0"))
    return case.model_copy(update={"targets": {"label": plain}})


LAYOUT = Layout("npz", 50, matches, read)
