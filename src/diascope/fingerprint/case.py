"""The numbers of one case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.errors import GeometryError
from diascope.core.families import KINDS
from diascope.core.geometry import Geometry
from diascope.core.image import Image, label_array
from diascope.io import read_image, read_labels
from diascope.transforms.prepare import canonical_axes, nonzero_box
from diascope.transforms.regrid import resample_to

HOUNSFIELD_AIR = (-4096.0, -900.0)
"""Where the lowest value of a CT image with air in it lies (-1000 HU, and what scanners put outside their circle)."""

BODY_HU = -500.0
"""Half-way between air and tissue: what is above is body, couch or clothes."""


@dataclass(frozen=True, eq=False)
class ChannelNumbers:
    """One channel of one case: exact range, and values of some voxels, everywhere and in the foreground.

    ``unit`` is the image's own, or ``HU`` where it has none and its values can be nothing else.
    """

    unit: str | None
    guessed: bool
    minimum: float
    maximum: float
    values: NDArray[np.float32]
    foreground: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CaseNumbers:
    """One case; axes in the canonical order where millimetres are known, as the plan's are.

    Attributes:
        shape, cropped: voxels along each axis, of the whole and of the box with anything but 0.
        steps: voxel edges in mm, or 1 where unknown.
        channels: by name, those that the case has.
        voxels: mask target → voxels of each class, those that the case has.
        maps: mask target → names of the classes that are there.
        box_edges: box target → edges ``(N, ndim)`` of its boxes in the units of ``steps``, axes as in ``shape``.
        clip: the reference channel's time axis, or None.
    """

    shape: tuple[int, ...]
    cropped: tuple[int, ...]
    steps: tuple[float, ...]
    has_spacing: bool
    modality: str | None
    channels: dict[str, ChannelNumbers]
    voxels: dict[str, NDArray[np.int64]]
    maps: dict[str, tuple[str, ...]]
    box_edges: dict[str, NDArray[np.float64]]
    clip: Clip | None = None


def measure_case(dataset: Dataset, root: Path, case: Case, *, samples: int, rng: np.random.Generator) -> CaseNumbers:
    """Return the numbers of a case; its label maps are read only where it has any.

    Args:
        dataset: names channels and targets.
        root: what relative paths start from.
        case: its first channel is the reference grid.
        samples: the most voxels that are kept of a channel, and as many of its foreground.
        rng: draws the voxels.
    """
    images = {name: read_image(root, case.images[name]) for name in dataset.channels if name in case.images}
    if not images:
        raise GeometryError("the case has no image", expected=", ".join(dataset.channels))
    reference = next(iter(images.values()))
    labels = _read_maps(dataset, root, case, reference)
    inside = _foreground(dataset.targets, labels)
    axes, _ = canonical_axes(reference.geometry)
    on_grid = [image.array for image in images.values() if image.geometry.is_same_grid(reference.geometry)]
    box = nonzero_box(on_grid, reference.geometry.shape)
    return CaseNumbers(
        shape=tuple(reference.geometry.shape[a] for a in axes),
        cropped=tuple(box[a][1] - box[a][0] for a in axes),
        steps=tuple(reference.geometry.steps[a] for a in axes),
        has_spacing=reference.geometry.has_spacing,
        modality=reference.modality,
        channels={name: _measure_channel(image, inside, samples, rng) for name, image in images.items()},
        voxels={name: count_labels(array, dataset.targets[name].values) for name, array in labels.items()},
        maps={
            name: KINDS.load(dataset.targets[name].kind).present(dataset.targets[name], array)
            for name, array in labels.items()
        },
        box_edges=_box_edges(dataset, case, reference.geometry, axes),
        clip=reference.clip,
    )


def _box_edges(dataset: Dataset, case: Case, grid: Geometry, axes: Sequence[int]) -> dict[str, NDArray[np.float64]]:
    found = {}
    for name, target in dataset.targets.items():
        kind, value = KINDS.load(target.kind), case.targets.get(name)
        if kind.form == "boxes" and value is not None:
            boxes = kind.encode(target, value).reshape(-1, 2 * grid.ndim + 1)
            edges = (boxes[:, grid.ndim : -1] - boxes[:, : grid.ndim]) * np.asarray(grid.steps)
            found[name] = edges[:, list(axes)].astype(np.float64)
    return found


def _read_maps(dataset: Dataset, root: Path, case: Case, reference: Image) -> dict[str, NDArray[np.integer]]:
    found = {}
    for name, target in dataset.targets.items():
        value = case.targets.get(name)
        if KINDS.load(target.kind).is_map and isinstance(value, Source):
            image = read_labels(root, value, reference.geometry)
            if not reference.geometry.is_same_grid(image.geometry):
                image = resample_to(image, reference.geometry, labels=True)
            found[name] = label_array(image)
    return found


def _foreground(targets: Mapping[str, Target], labels: Mapping[str, NDArray]) -> NDArray[np.bool_] | None:
    """Return the voxels that any mask marks, or None where there is no mask or it marks none."""
    inside = None
    for name, array in labels.items():
        marked = array != (targets[name].values[0] if targets[name].values else 0)
        inside = marked if inside is None else inside | marked
    return inside if inside is not None and inside.any() else None


def _measure_channel(
    image: Image, inside: NDArray[np.bool_] | None, samples: int, rng: np.random.Generator
) -> ChannelNumbers:
    array, samples = image.array, max(1, samples // image.frames.shape[1])
    low, high = float(array.min()), float(array.max())
    guessed = image.unit is None and HOUNSFIELD_AIR[0] <= low <= HOUNSFIELD_AIR[1] and high > 0
    unit = "HU" if guessed else image.unit
    if inside is None or inside.shape != array.shape[1:]:
        inside = np.any(array > BODY_HU if unit == "HU" else array != 0, axis=0)
    everywhere = _draw(array, None, samples, rng)
    foreground = _draw(array, inside, samples, rng)
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = array[np.isfinite(array)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    foreground = foreground if foreground.size else everywhere
    return ChannelNumbers(unit, guessed, low, high, everywhere, foreground)


def _draw(
    array: NDArray, inside: NDArray[np.bool_] | None, samples: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the finite values of all planes at some voxels, at all of them where they are few."""
    shape = array.shape[1:]
    size = int(np.prod(shape))
    if size <= samples:
        values = array if inside is None else array[:, inside]
    else:
        flat = rng.integers(0, size, samples if inside is None else 4 * samples)
        if inside is not None:
            flat = flat[inside[np.unravel_index(flat, shape)]][:samples]
            if len(flat) < samples:  # a small foreground: list its voxels
                marked = np.flatnonzero(inside)
                flat = rng.choice(marked, samples, replace=False) if len(marked) > samples else marked
        values = array[:, *np.unravel_index(flat, shape)]
    values = values.astype(np.float32).ravel()
    return values if np.issubdtype(array.dtype, np.integer) else values[np.isfinite(values)]


def count_labels(labels: NDArray[np.integer], values: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the voxels of each label in ``values``, a slice at a time: counting needs 8 bytes a voxel."""
    total = np.zeros(len(values), np.int64)
    for part in labels if values else ():
        if part.min() >= 0 and part.max() < 65536:
            counts = np.bincount(part.ravel(), minlength=max(values) + 1)
            total += [counts[v] if 0 <= v < len(counts) else 0 for v in values]
        else:
            total += [np.count_nonzero(part == v) for v in values]
    return total
