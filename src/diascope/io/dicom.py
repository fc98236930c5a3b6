"""DICOM images: a single file, a series in a folder, an enhanced multi-frame file.

What is decided here, and said in a note where the file does not say it:

- Slices are sorted by ImagePositionPatient along the normal, never by name. A missing slice, uneven steps, another
  direction or two different pictures at one position are errors; an exact copy of a slice is left out.
- A tilted gantry gives a sheared affine; the voxels stay as they are.
- With a place in the patient, columns are I, rows are J and slices K, as in NIfTI. Without one, or in colour, it is a
  picture: rows are I and columns J. Frames without a place that follow each other in time (US, XA) are a film: an
  image over time (see ``diascope.io._dicom_times``); others (NM) lie along K in stored order, without a spacing.
- MONOCHROME1 is inverted unless the values are physical (HU, SUV, Bq/ml); palettes and YBR become RGB.
- CT is in HU where the rescale says so or says nothing; PET becomes SUV by body weight where it can.
- Several volumes at the same positions of one file: ``source.index`` chooses; in a series, ``source.files`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._dicom_frames import Frame, Instance, read_instance
from diascope.io._dicom_open import SEGMENTATION, STRUCTURE_SET, guarded, is_dicom, open_dataset, refuses_damage
from diascope.io._dicom_pet import find_suv_factors
from diascope.io._dicom_pixels import PHYSICAL_UNITS, decode_frames, is_colour, scale_frames, value_type
from diascope.io._dicom_series import Series, group_series, image_files
from diascope.io._dicom_stack import SAME_POSITION_MM, Stack, distance, sort_by_position, split_volumes, stack_frames
from diascope.io._dicom_times import film_of
from diascope.io._dicom_values import text, whole

__all__ = ["READER", "Series", "group_series", "is_readable", "read", "read_header"]

_LOOKED_AT = 50
"""So many files of a folder are looked at before it is said to hold no DICOM image."""


@dataclass(frozen=True, eq=False)
class _Study:
    """What is known of an image before its pixels are read."""

    instances: tuple[Instance, ...]
    stack: Stack
    header: Header
    factors: dict[Path, float]
    invert: bool


@refuses_damage
def is_readable(path: Path) -> bool:
    """Answer whether a file, or a folder's files, are DICOM and no segmentation, contours or document."""
    if path.is_dir():
        found = (p for p in sorted(path.iterdir())[:_LOOKED_AT] if p.is_file())
        return any(_is_image(p) for p in found)
    return path.is_file() and _is_image(path)


def _is_image(path: Path) -> bool:
    if not is_dicom(path):
        return False
    try:
        header = open_dataset(path, tags=(0x00080016, 0x00280010), stop_before_pixels=True)
    except ReadError:
        return True  # damaged, yet DICOM: this reader says best what is wrong
    return text(header, "SOPClassUID") not in (*SEGMENTATION, *STRUCTURE_SET) and whole(header, "Rows") > 0


@refuses_damage
def read_header(path: Path, source: Source) -> Header:
    """Return grid, type, unit, modality and notes without reading a pixel; raises as ``read``."""
    return _study(path, source).header


@refuses_damage
def read(path: Path, source: Source) -> Image:
    """Return the image of a file, of a folder's only series, or of ``source.files`` in a folder.

    Returns:
        array ``(1, I, J[, K])`` of values, or ``(3, I, J[, K])`` in colour.

    Raises:
        ReadError: a file is damaged, no image or of another series; slices are missing, doubled or uneven.
    """
    study = _study(path, source)
    stack, header = study.stack, study.header
    rows, columns = _size(study.instances[0])
    array = np.empty((header.planes, len(stack.frames), rows, columns), dtype=header.dtype)
    slot = {id(frame): n for n, frame in enumerate(stack.frames)}
    for instance in study.instances:
        mine = [f for f in instance.frames if id(f) in slot]
        if mine:
            array[:, [slot[id(f)] for f in mine]] = _values(mine, study)
    if header.clip is not None:
        array = array.reshape(-1, rows, columns)
        return Image(array, header.geometry, header.unit, header.modality, header.notes, header.clip)
    axes = (0, 2, 3, 1) if stack.rows_first else (0, 3, 2, 1)
    array = array.transpose(axes)
    array = array if header.geometry.ndim == 3 else array[..., 0]
    return Image(array, header.geometry, header.unit, header.modality, header.notes)


def _values(frames: Sequence[Frame], study: _Study) -> NDArray:
    """Return one file's frames as values ``(C, F, rows, columns)`` of the image's type."""
    path, rows, columns = frames[0].path, *_size(study.instances[0])
    pixels, dataset = decode_frames(path, frames)
    samples = (3,) if study.header.photographic else ()
    if pixels.shape != (len(frames), rows, columns, *samples):
        raise ReadError(
            f"{path.name}: its pixels have another shape than its header says",
            expected=(len(frames), rows, columns, *samples),
            got=pixels.shape,
        )
    with guarded(path, "its values cannot be scaled"):
        factor = study.factors.get(path, 1.0)
        values = scale_frames(pixels, frames, dataset, [factor] * len(frames), invert=study.invert)
    if study.header.photographic:
        return np.moveaxis(values, -1, 0).astype(study.header.dtype)
    return values.astype(study.header.dtype)[None]


def _study(path: Path, source: Source) -> _Study:
    """Return everything that the headers say."""
    instances, notes = _instances(path, source)
    first = instances[0].header
    rows, columns = _size(instances[0])
    for instance in instances[1:]:
        if _size(instance) != (rows, columns) or is_colour(instance.header) != is_colour(first):
            raise ReadError(
                f"{instance.path.name} has another size or colour than {instances[0].path.name}",
                expected=f"{rows} rows, {columns} columns",
                got="{} rows, {} columns".format(*_size(instance)),
                fix="give the files of each size as an image of their own",
            )
    frames, more = _chosen_frames(instances, source)
    colour = is_colour(first)
    is_film = len(frames) > 1 and len(instances) == 1 and not all(f.is_placed for f in frames)
    clip = film_of(first, len(frames)) if is_film else None
    stack = stack_frames(frames, rows, columns, colour=colour, film=clip is not None)
    modality = text(first, "Modality").upper() or None
    unit, factors, remarks = _unit(modality, instances, frames)
    invert = text(first, "PhotometricInterpretation") == "MONOCHROME1" and unit not in PHYSICAL_UNITS
    said = ("Bright and dark were exchanged (MONOCHROME1).",) if invert else ()
    if clip is not None:
        said = (*said, f"The frames were read as time: {clip.describe()}.")
    header = Header(
        geometry=stack.geometry,
        channels=(3 if colour else 1) * (clip.frames if clip else 1),
        dtype=value_type(instances, list(factors.values()) or [1.0]).name,
        unit=None if colour else unit,
        modality=modality,
        notes=tuple(dict.fromkeys((*notes, *more, *stack.notes, *remarks, *said))),
        photographic=colour,
        clip=clip,
    )
    return _Study(instances, stack, header, factors, invert)


def _size(instance: Instance) -> tuple[int, int]:
    return whole(instance.header, "Rows"), whole(instance.header, "Columns")


def _instances(path: Path, source: Source) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """Return the files of one series, copies left out."""
    files = [path / name for name in source.files] if source.files else image_files(path)
    instances, seen, notes = [], set(), []
    for file in files:
        instance = read_instance(file)
        uid = text(instance.header, "SOPInstanceUID")
        if uid and uid in seen:
            notes.append(f"{file.name} is a copy of another file of the series (same instance): left out.")
            continue
        seen.add(uid)
        instances.append(instance)
    if len({text(i.header, "SeriesInstanceUID") for i in instances}) > 1:
        count = len({text(i.header, "SeriesInstanceUID") for i in instances})
        raise ReadError(
            f"{path.name} holds {count} DICOM series",
            expected="the files of one series",
            got=f"{len(instances)} files of {count} series",
            fix="name the files of one of them; inspect splits a folder by SeriesInstanceUID",
        )
    return tuple(instances), tuple(notes)


def _chosen_frames(instances: Sequence[Instance], source: Source) -> tuple[list[Frame], tuple[str, ...]]:
    """Return the frames of the wanted volume, without copies of slices."""
    frames = [f for i in instances for f in i.frames]
    if len(frames) == 1:
        return frames, ()
    if source.index is not None and len(instances) == 1:
        volumes = split_volumes(frames) if all(f.is_placed for f in frames) else [[f] for f in frames]
        if not 0 <= source.index < len(volumes):
            raise ReadError(
                f"{frames[0].path.name} has no volume {source.index}",
                expected=f"0 to {len(volumes) - 1}",
                got=source.index,
            )
        return volumes[source.index], ()
    if len(instances) > 1 and all(f.is_placed for f in frames):
        return _without_copies(frames)
    return frames, ()


def _without_copies(frames: Sequence[Frame]) -> tuple[list[Frame], tuple[str, ...]]:
    """Leave out slices whose position and pixels repeat the one before; pixels are only read where positions repeat."""
    ordered = sort_by_position(frames)
    normal, kept, notes = ordered[0].normal, ordered[:1], []
    for frame in ordered[1:]:
        before = kept[-1]
        if distance(frame, normal) - distance(before, normal) <= SAME_POSITION_MM and before.path != frame.path:
            one, other = (decode_frames(f.path, [f])[0] for f in (before, frame))
            if np.array_equal(one, other) and (before.slope, before.intercept) == (frame.slope, frame.intercept):
                notes.append(f"{frame.path.name} repeats position and pixels of {before.path.name}: left out.")
                continue
        kept.append(frame)
    return kept, tuple(notes)


def _unit(
    modality: str | None, instances: Sequence[Instance], frames: Sequence[Frame]
) -> tuple[str | None, dict[Path, float], tuple[str, ...]]:
    """Return the unit of the values, a factor for each file that leads to it, and notes."""
    if modality == "PT":
        unit, factors, notes = find_suv_factors([i.header for i in instances])
        return unit, {i.path: f for i, f in zip(instances, factors, strict=True)}, notes
    kinds = {f.rescale_type for f in frames}
    if modality != "CT" or is_colour(instances[0].header):
        return None, {}, ()
    if kinds <= {"", "HU"}:
        return "HU", {}, ()
    return None, {}, (f"CT values are not in HU: their rescale type is {', '.join(sorted(kinds))}.",)


READER = Reader(
    name="dicom",
    suffixes=(".dcm", ".dicom", ".ima"),
    is_readable=is_readable,
    read=read,
    read_header=read_header,
    rows_first=True,
)
