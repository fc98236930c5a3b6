"""Reading every image once: what is needed to check a case, with one image in memory at a time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.documents.dataset import Case, Source, Target
from diascope.core.errors import DiascopeError, GeometryError, ReadError
from diascope.core.families import KINDS
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image, label_array
from diascope.curate.draft import in_one_line
from diascope.curate.quality import measure_quality
from diascope.io import read_header, read_image, read_labels

Progress = Callable[[int, int, str], None]
"""Called with cases done, cases in all, and what is being done."""


SLICES_AT_ONCE = 16
"""Slices of a volume that are converted together: a few MiB (chosen here)."""


@dataclass(frozen=True)
class ChannelFacts:
    """What one channel's file holds; ``low`` and ``high`` are nan where its voxels were not read.

    ``planes`` are those of one frame.
    """

    geometry: Geometry
    planes: int
    stored_as: str
    modality: str | None
    notes: tuple[str, ...]
    low: float = float("nan")
    high: float = float("nan")
    finite: bool = True
    clip: Clip | None = None


@dataclass(frozen=True)
class MaskFacts:
    """What one label map holds.

    Attributes:
        voxels: number in the map → its voxels.
        content: digest of the map, to compare copies by.
        other_grid: both geometries in words, where the map does not lie on its image's grid.
        remarks: code → sentence, what the kind says of the map (``Kind.remarks``).
    """

    voxels: dict[int, int]
    content: str
    other_grid: str | None = None
    notes: tuple[str, ...] = ()
    remarks: dict[str, str] = field(default_factory=dict)


@dataclass
class CaseFacts:
    """What reading one case has found.

    Attributes:
        content: digest of the voxels of all channels; empty where they were not read.
        error: why the case cannot be used; the other fields hold what was read before.
    """

    id: str
    channels: dict[str, ChannelFacts] = field(default_factory=dict)
    masks: dict[str, MaskFacts] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    content: str = ""
    error: DiascopeError | None = None


def scan(
    root: Path,
    cases: list[Case],
    targets: dict[str, Target],
    *,
    voxels: bool,
    judged: set[str],
    progress: Progress | None,
) -> Iterator[CaseFacts]:
    """Yield what each case's files hold, in order.

    Args:
        root: where relative sources start.
        cases: those to read.
        targets: those that are maps have their label maps read.
        voxels: read the images whole; else their headers, and only label maps whose classes are not declared.
        judged: ids whose image quality is measured.
        progress: told after each case.
    """
    masks = {n: t for n, t in targets.items() if KINDS.load(t.kind).is_map and (voxels or not t.values)}
    for done, case in enumerate(cases, 1):
        facts = CaseFacts(case.id)
        try:
            _scan_case(root, case, masks, facts, voxels=voxels, judge=case.id in judged)
        except DiascopeError as error:
            facts.error = error
        yield facts
        if progress:
            progress(done, len(cases), "reading images" if voxels else "reading headers")


def _check_all_named(root: Path, case: Case) -> None:
    """Refuse a file that holds more channels than the case takes from it: the rest would be lost unsaid.

    Raises:
        ReadError: it does.
    """
    sources = list(case.images.values())
    paths = {s.path for s in sources}
    if len(paths) > 1 or any(s.index is None or s.key is not None or s.files for s in sources):
        return
    path = paths.pop()
    held = read_header(root, Source(path=path)).planes
    if held > len(sources):
        raise ReadError(
            f"{Path(path).name} holds more channels than are named",
            expected=f"{len(sources)}: {', '.join(case.images)}",
            got=f"{held} in the file",
            fix="name every channel of the file, or write the file with the named ones only",
        )


def _scan_case(
    root: Path, case: Case, masks: dict[str, Target], facts: CaseFacts, *, voxels: bool, judge: bool
) -> None:
    if len(case.images) > 1:
        _check_all_named(root, case)
    digest = hashlib.blake2b(digest_size=16)
    for channel, source in case.images.items():
        if not voxels:
            header = read_header(root, source)
            facts.channels[channel] = ChannelFacts(
                header.geometry, header.planes, header.dtype, header.modality, header.notes, clip=header.clip
            )
            continue
        image = read_image(root, source)
        facts.channels[channel] = _channel_facts(image)
        _update(digest, channel, image.array)
        if judge and facts.channels[channel].finite and not facts.quality:
            facts.quality = measure_quality(image)
    facts.content = digest.hexdigest() if voxels else ""
    for name, target in masks.items():
        value = case.targets.get(name)
        if isinstance(value, Source) and facts.channels:
            facts.masks[name] = _mask_facts(root, value, next(iter(facts.channels.values())).geometry, target)


def _channel_facts(image: Image) -> ChannelFacts:
    with np.errstate(invalid="ignore"):
        low, high = (float(image.array.min()), float(image.array.max())) if image.array.size else (np.nan, np.nan)
    finite = bool(np.isfinite(low) and np.isfinite(high))
    return ChannelFacts(
        image.geometry,
        len(image.frames),
        image.array.dtype.name,
        image.modality,
        image.notes,
        low,
        high,
        finite,
        image.clip,
    )


def _update(digest: hashlib.blake2b, channel: str, array: NDArray) -> None:
    """Add voxels to a digest, a few slices at a time so that no second copy of a volume is made.

    The number type does not count, so that a converted copy is found too; neither does the order in memory.
    """
    digest.update(f"{channel}{array.shape}".encode())
    for block in _blocks(array):
        digest.update(_bytes(block, np.float32))


def _blocks(array: NDArray) -> Iterator[NDArray]:
    """Yield an array's numbers in one fixed order: a picture as a whole, a volume by slices, the first axis fastest."""
    if array.ndim < 3 or array.shape[0] * array.shape[1] * array.shape[-1] == array.size:
        yield array.ravel()
        return
    for start in range(0, array.shape[-1], SLICES_AT_ONCE):
        yield array[..., start : start + SLICES_AT_ONCE].ravel(order="F")


def _bytes(array: NDArray, dtype: type[np.number]) -> memoryview:
    """Return an array's numbers as bytes, copied only where type or order differ."""
    return np.ascontiguousarray(array, dtype=dtype).data


def _mask_facts(root: Path, source: Source, geometry: Geometry, target: Target) -> MaskFacts:
    """Return what a label map holds; an error that is raised names its file."""
    try:
        image = read_labels(root, source, geometry)
        labels = label_array(image)
    except DiascopeError as error:
        error.add_note(f"the mask {Path(source.path).name}")
        raise
    other_grid = None
    try:
        check_same_grid(geometry, image.geometry, ("its image", f"the mask {Path(source.path).name}"))
    except GeometryError as error:
        other_grid = in_one_line(error)
    digest = hashlib.blake2b(digest_size=16)
    counts: Counter[int] = Counter()
    for block in _blocks(labels[None]):
        digest.update(_bytes(block, np.int32))
        counts.update(_counts(block))
    remarks = KINDS.load(target.kind).remarks
    said = remarks(target, labels) if remarks else {}
    return MaskFacts(dict(sorted(counts.items())), digest.hexdigest(), other_grid, image.notes, said)


def _counts(labels: NDArray[np.integer]) -> dict[int, int]:
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if high - low < 1 << 16:
        counts = np.bincount(labels.astype(np.intp) - low, minlength=1)
        return {int(n) + low: int(counts[n]) for n in np.flatnonzero(counts)}
    values, numbers = np.unique(labels, return_counts=True)
    return {int(v): int(n) for v, n in zip(values, numbers, strict=True)}
