"""A patient's images and the lesions in their masks, each on its own grid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.errors import InputError, OptionError, nearest
from diascope.core.geometry import Geometry
from diascope.core.image import Image, label_array
from diascope.io import read_image, read_labels
from diascope.measures._diameters import RecistAxes, recist_axes
from diascope.measures._lesions import Lesion, find_lesions, organ_of
from diascope.measures._slice_axis import slice_axis
from diascope.transforms.alignment import Kind

LESION_WORDS = re.compile(
    r"lesion|tumou?r|metasta|\bmets?\b|node|nodule|\bmass(es)?\b|cancer|carcinoma|\bgtv|infarct|plaque|h(a)?emorrhage"
)
NODE_WORDS = re.compile(r"lymph|(^|[^a-z])nodes?([^a-z]|$)")
"""Words in the names of classes that hold lesions, and lymph nodes (chosen here; ``--lesions``, ``--nodes`` decide)."""

DIAMETER_ERROR = 0.05
"""Standard deviation of one diameter as a share of it. Oxnard et al. 2011, J Clin Oncol 29:3114-3119: of lung tumours
scanned and read twice within 15 minutes 84 % of the changes were within 10 %, which is a standard deviation of 7.1 % of
a difference, 5.0 % of each measurement."""
VOLUME_ERROR = 0.093
"""The same of a volume. Hein et al. 2010, J Digit Imaging 23:8-17: 95 % of differences between two scans of a nodule
within about 26 %, a standard deviation of 13 % of a difference, 9.3 % of each."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user may choose.

    Attributes:
        target: the mask target that holds the lesions; needed where there are several.
        lesions: its classes that are lesions; found by their names, or the only one, if not given.
        nodes: classes of these that are lymph nodes; found by their names if not given.
        organs: a mask target that names organs.
        alignment: the last kind that is tried.
        diameter_error, volume_error: standard deviation of one measurement as a share of it.
    """

    target: str | None = None
    lesions: tuple[str, ...] = ()
    nodes: tuple[str, ...] | None = None
    organs: str | None = None
    alignment: Kind = "deformable"
    diameter_error: float = DIAMETER_ERROR
    volume_error: float = VOLUME_ERROR


@dataclass(frozen=True)
class Roles:
    """What the data's targets mean here."""

    target: str
    lesions: tuple[str, ...]
    nodes: tuple[str, ...]
    organs: str | None


@dataclass(frozen=True, eq=False)
class Found:
    """One connected lesion at one visit; ``plane_mm``, ``slice_mm`` are the voxel's edges in and across its slices."""

    class_: str
    lesion: Lesion
    axes: RecistAxes
    organ: str | None
    plane_mm: float
    slice_mm: float


@dataclass(frozen=True, eq=False)
class VisitData:
    """One visit in memory.

    Attributes:
        image: the first channel's image.
        labels: ``(I, J, K)`` on the mask's grid; lesions keep their class's number.
        grid: of the mask.
        found: its lesions, the largest of each class first.
        notes: what had to be decided.
    """

    case: Case
    image: Image
    labels: NDArray[np.integer]
    grid: Geometry
    found: tuple[Found, ...]
    notes: tuple[str, ...]


def choose_roles(dataset: Dataset, wish: Wish) -> Roles:
    """Return which target holds the lesions and which of its classes they are.

    Raises:
        InputError: the data are no volumes, have no mask, or leave open which mask or class is meant.
        OptionError: a name is not known.
    """
    if dataset.ndim != 3:
        raise InputError("change is measured in volumes", expected="3-D images", got="2-D images")
    masks = {name: t for name, t in dataset.targets.items() if t.kind == "mask"}
    for option, name in (("--target", wish.target), ("--organs", wish.organs)):
        if name is not None and name not in masks:
            raise OptionError(f"{option} {name}: no mask has this name", fix=nearest(name, masks))
    several = [name for name in masks if name != wish.organs]
    if wish.target is None and len(several) != 1:
        raise InputError(
            "nothing says which mask holds the lesions" if several else "the data have no mask of lesions",
            expected="one column of masks" if not several else "--target NAME",
            got=", ".join(several) or "none",
            fix="name it with --target" if several else "add a column 'mask' that names a label map for each image",
        )
    target = wish.target or several[0]
    classes = masks[target].classes[1:]
    lesions = _named("--lesions", wish.lesions, classes) or _lesion_classes(classes)
    nodes = wish.nodes if wish.nodes is not None else tuple(c for c in lesions if NODE_WORDS.search(c.lower()))
    return Roles(target, lesions, _named("--nodes", nodes, lesions), wish.organs)


def _named(option: str, names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            raise OptionError(f"{option}: there is no class {name!r}", fix=nearest(name, known))
    return tuple(names)


def _lesion_classes(classes: Sequence[str]) -> tuple[str, ...]:
    if len(classes) == 1:
        return tuple(classes)
    found = tuple(c for c in classes if LESION_WORDS.search(c.lower()))
    if not found:
        raise InputError(
            "the mask has several classes and none is named like a lesion",
            expected="--lesions with the classes that are lesions",
            got=", ".join(classes) or "no class: all masks are empty",
            fix=f"--lesions {classes[0]}" if classes else "check the masks",
        )
    return found


def read_visit(dataset: Dataset, case: Case, roles: Roles) -> VisitData:
    """Return one visit's image and lesions.

    Raises:
        InputError: the mask is missing, a file cannot be read, or the spacing is unknown.
    """
    root, value = Path(dataset.root), case.targets.get(roles.target)
    if not isinstance(value, Source):
        raise InputError("it has no mask, so nothing is known of its lesions: not the same as none being left")
    channel = next((c for c in dataset.channels if c in case.images), None)
    if channel is None:
        raise InputError("it has no image")
    image = read_image(root, case.images[channel])
    mask = read_labels(root, value, image.geometry)
    for name, each in (("image", image), ("mask", mask)):
        if not each.geometry.has_spacing or each.geometry.ndim != 3:
            raise InputError(f"its {name} says nothing of millimetres, or is no volume: nothing can be measured in it")
    labels = label_array(mask)
    notes = []
    if not image.geometry.is_same_grid(mask.geometry):
        notes.append("the mask lies on another grid than the image; it is measured on its own")
    organs, names = _organ_map(dataset, case, roles, labels=labels, grid=mask.geometry)
    found = _find(dataset.targets[roles.target], roles, labels, mask.geometry, organs=organs, organ_names=names)
    if not found:
        notes.append("the mask is empty: no lesion is left at this visit")
    return VisitData(case, image, labels, mask.geometry, tuple(found), tuple(notes))


def _organ_map(
    dataset: Dataset, case: Case, roles: Roles, *, labels: NDArray, grid: Geometry
) -> tuple[NDArray | None, dict[int, str]]:
    """Return organs on the mask's grid with names: another mask, else the mask's own classes that are no lesions."""
    own = dataset.targets[roles.target]
    if roles.organs is None:
        names = dict(zip(own.values[1:], own.classes[1:], strict=True))
        names = {v: c for v, c in names.items() if c not in roles.lesions}
        return (np.where(np.isin(labels, list(names)), labels, 0), names) if names else (None, {})
    target, value = dataset.targets[roles.organs], case.targets.get(roles.organs)
    if not isinstance(value, Source):
        raise InputError(f"it has no mask {roles.organs!r} of organs")
    from diascope.transforms.regrid import resample_to

    organs = read_labels(Path(dataset.root), value, grid)
    if not grid.is_same_grid(organs.geometry):
        organs = resample_to(organs, grid, labels=True)
    return label_array(organs), dict(zip(target.values[1:], target.classes[1:], strict=True))


def _find(
    target: Target,
    roles: Roles,
    labels: NDArray,
    grid: Geometry,
    *,
    organs: NDArray | None,
    organ_names: dict[int, str],
) -> list[Found]:
    unknown = set(np.unique(labels)) - set(target.values)
    if unknown:
        raise InputError("its mask holds numbers that no class has", expected=target.values, got=sorted(unknown))
    steps, found = grid.steps, []
    across = slice_axis((steps[0], steps[1], steps[2]))
    for name, value in zip(target.classes, target.values, strict=True):
        if name not in roles.lesions:
            continue
        for lesion in find_lesions(labels == value, grid.affine):
            axes = recist_axes(lesion.crop()[0], steps, axis=across)
            organ = organ_names.get(organ_of(lesion, organs)) if organs is not None else None
            if organ is None and organs is None and len(roles.lesions) > 1:
                organ = name
            plane = max(s for a, s in enumerate(steps) if a != axes.axis)
            found.append(Found(name, lesion, axes, organ, plane, steps[axes.axis]))
    return found
