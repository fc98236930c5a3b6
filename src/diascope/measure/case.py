"""One case → the masks of its structures on one grid, beside its image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source, Target
from diascope.core.errors import GeometryError, InputError, OptionError, ReadError, nearest
from diascope.core.families import KINDS
from diascope.core.geometry import Geometry
from diascope.core.image import Image, label_array
from diascope.io import dicom_rtstruct, dicom_seg, find_reader, read_header, read_image, read_labels
from diascope.measure.masks import Masks

MOST_STRUCTURES = 255
"""A label map with more numbers than this is taken for a picture, as ``curate`` does."""

FEW_STRUCTURES, LEAST_EQUAL = 20, 0.6
"""A map with more than the first number of values of which fewer than the second part of neighbours are equal, along
any axis, is taken for a picture (chosen here: of 60 hippocampus masks at least .98 are, of 60 blood smears .31 to .42,
of 60 CT slices .02 to .44)."""

HALF = 0.5
ROOT = Path("/")


@dataclass(frozen=True, eq=False)
class Structures:
    """The structures of one case.

    Attributes:
        masks: name → ``(I, J[, K])`` bool, all on ``geometry``.
        probabilities: of those that a map of probabilities was given for.
        image: ``(I, J[, K])`` on the same grid; None where there is none, or it has several channels.
        vertical: axis of a picture that runs from top to bottom, where its file's format says so.
    """

    masks: dict[str, NDArray[np.bool_]]
    geometry: Geometry
    image: NDArray | None = None
    unit: str | None = None
    probabilities: dict[str, NDArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    vertical: int | None = None


def read_structures(
    masks: Masks, *, labels: Mapping[int, str] | None = None, unit: str | None = None, with_image: bool = True
) -> Structures:
    """Return the structures of a case.

    Args:
        masks: what to read.
        labels: number in the label maps → name, where nothing else says it.
        unit: of the image where its file does not say.
        with_image: read the image's values; else only its grid, which the mask must have.

    Raises:
        InputError: a file cannot be read, is no mask, or lies on another grid than the image.
    """
    image = read_image(ROOT, masks.image) if masks.image and with_image else None
    grid = read_header(ROOT, masks.image).geometry if masks.image and image is None else None
    read = _Read(image.geometry if image else grid)
    for name, (source, target) in masks.masks.items():
        read.add(source, target, labels or {}, prefix=f"{name}/" if len(masks.masks) > 1 else "")
    geometry = read.geometry
    if geometry is None:
        raise InputError("the case has no mask")
    vertical = _vertical(masks.image or next(iter(masks.masks.values()))[0], geometry)
    if image is None:
        return Structures(read.masks, geometry, None, unit, read.probabilities, tuple(read.notes), vertical)
    if image.channels > 1:
        read.notes.append(f"The image has {image.channels} channels: its values are not measured.")
    array = image.array[0] if image.channels == 1 else None
    known = _unit(image, unit)
    return Structures(read.masks, geometry, array, known, read.probabilities, (*read.notes, *image.notes), vertical)


def _vertical(source: Source, geometry: Geometry) -> int | None:
    """Return the axis of a picture that runs from top to bottom, where the format and not the affine tells it.

    A picture that has a place in a patient has an affine that turns or mirrors its axes, as RAS+ and rows do not agree.
    """
    linear = geometry.affine[:3, :3]
    is_placed = np.any(linear != np.diag(np.abs(np.diag(linear))))
    is_rows_first = geometry.ndim == 2 and not is_placed and find_reader(Path(source.path)).rows_first
    return 0 if is_rows_first else None


def _unit(image: Image, given: str | None) -> str | None:
    if given and image.unit and given.casefold() != image.unit.casefold():
        raise OptionError(
            "the image's file gives another unit than was said", expected=image.unit, got=given, fix="leave --unit out"
        )
    return image.unit or given


class _Read:
    """Collects the masks of a case on one grid."""

    def __init__(self, grid: Geometry | None) -> None:
        self.geometry = grid
        self.masks: dict[str, NDArray[np.bool_]] = {}
        self.probabilities: dict[str, NDArray] = {}
        self.notes: list[str] = []

    def add(self, source: Source, target: Target | None, labels: Mapping[int, str], *, prefix: str) -> None:
        path = Path(source.path)
        names = None if target is not None else _structures_of(path)
        if names is not None and not source.structures:
            source = source.model_copy(update={"structures": names})
        image = self._read(path, source)
        self.notes += image.notes
        file = Path(source.files[0]).name if source.files else path.name  # a folder may be called like the patient
        self._join(file, image.geometry)
        if target is None and (probability := _probability(image)) is not None:
            name = labels.get(1, "foreground")
            self._put({name: probability >= HALF}, prefix)
            self.probabilities[self._named(name, prefix)] = probability
            return
        array = label_array(image)
        if target is None:
            check_is_mask(file, array)
            target = target_of(array, names, labels)
        found = KINDS.load(target.kind).encode(target, array)
        self._put({name: found == n for n, name in enumerate(target.classes) if n > 0}, prefix)

    def _read(self, path: Path, source: Source) -> Image:
        if self.geometry is not None:
            return read_labels(ROOT, source, self.geometry)
        reader = find_reader(path)
        return (reader.read_labels or reader.read)(path, source)

    def _join(self, file: str, grid: Geometry) -> None:
        if self.geometry is None or (grid.has_spacing and not self.geometry.has_spacing and grid.shape == self.shape):
            self.geometry = grid
            return
        if not self.geometry.is_same_grid(grid):
            raise GeometryError(
                f"the mask {file} lies on another grid than its image",
                expected=self.geometry.describe(),
                got=grid.describe(),
                fix="correct the header, or bring the mask to the image's grid",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.geometry.shape if self.geometry else ()

    def _put(self, masks: Mapping[str, NDArray[np.bool_]], prefix: str) -> None:
        self.masks |= {self._named(name, prefix): mask for name, mask in masks.items()}

    def _named(self, name: str, prefix: str) -> str:
        """Return a structure's name; of several targets the target's, where it has one structure that is just that."""
        if prefix and name == "foreground":
            return prefix[:-1]
        return f"{prefix}{name}" if name in self.masks else name


def _structures_of(path: Path) -> tuple[str, ...] | None:
    """Return the names in a DICOM segmentation or structure set; None for any other file."""
    if path.is_dir():
        return None
    reader = next((r for r in (dicom_seg, dicom_rtstruct) if r.is_readable(path)), None)
    return None if reader is None else reader.structures(path)


def _probability(image: Image) -> NDArray | None:
    """Return a map of probabilities, None for anything else: one channel of fractions between 0 and 1."""
    array = image.array
    if len(array) != 1 or not np.issubdtype(array.dtype, np.floating) or not np.isfinite(array).all():
        return None
    if array.min() < 0 or array.max() > 1 or (np.rint(array) == array).all():
        return None
    return array[0]


def check_is_mask(file: str, array: NDArray[np.integer]) -> None:
    """Refuse a picture: a map of many numbers that change from voxel to voxel.

    Raises:
        ReadError: it is one.
    """
    found = np.unique(array)
    if len(found) <= FEW_STRUCTURES:
        return
    pairs = [np.diff(array, axis=axis) == 0 for axis in range(array.ndim) if array.shape[axis] > 1]
    equal = min(float(p.mean()) for p in pairs) if pairs else 1.0
    if len(found) > MOST_STRUCTURES or equal < LEAST_EQUAL:
        raise ReadError(
            f"{file} is a picture, no mask",
            expected="a label map: whole numbers, one for each structure, 0 for background",
            got=f"{len(found)} different values, {equal:.0%} of neighbours equal",
            fix="give the mask of this image, saved without loss; of DICOM, the folder that holds the segmentation too",
        )


def target_of(array: NDArray[np.integer], names: tuple[str, ...] | None, labels: Mapping[int, str]) -> Target:
    """Return what the numbers of a label map mean: the names in its file, or those given, else ``foreground``."""
    if names is not None:
        known = dict(enumerate(names, start=1))
    else:
        values = sorted({int(v) for v in np.unique(array)} - {0} | set(labels))
        alone = len(values) <= 1 and not labels
        known = {v: labels.get(v, "foreground" if alone else f"value {v}") for v in values or [1]}
    return Target(kind="mask", classes=("background", *known.values()), values=(0, *known))


def check_structures(wanted: Sequence[str], seen: Iterable[str]) -> None:
    """Refuse the name of a structure that no case has.

    Raises:
        OptionError: there is no such structure.
    """
    known = sorted(seen)
    for name in wanted:
        if known and name not in known:
            raise OptionError(f"there is no structure {name!r}", expected=", ".join(known), fix=nearest(name, known))
