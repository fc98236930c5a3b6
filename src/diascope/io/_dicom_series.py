"""A folder of DICOM files → what can be read as one image each, and the segmentations and contours that belong to them.

Only headers are read. A folder may mix series, patients and kinds of object; names of files and folders say nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from diascope.core.errors import ReadError
from diascope.io._dicom_frames import Frame, Instance, header_tags, read_frames
from diascope.io._dicom_open import SEGMENTATION, STRUCTURE_SET, is_dicom, open_dataset, quietly, refuses_damage
from diascope.io._dicom_stack import same_plane, sort_by_position, split_volumes
from diascope.io._dicom_values import item, items, text, whole

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

_REFERENCE_TAGS = (0x30060010,)
"""Referenced Frame of Reference Sequence: where an RTSTRUCT names its images."""


@dataclass(frozen=True, eq=False)
class Series:
    """What can be read as one image, one segmentation or one set of contours.

    A DICOM series gives several of these where it holds several volumes (echoes, b-values, points in time, planes) or
    pictures without a place in the patient. Fields that may identify a patient are left out of its repr; they
    may stand in no message, log or file name.

    Attributes:
        kind: ``image``, ``seg`` or ``rtstruct``.
        files: absolute paths, sorted by position along the normal.
        index: for ``Source.index``: the volume of a multi-frame file that holds several at the same positions, or None.
        frames: pictures in all.
        size: rows, columns; (0, 0) for contours.
        uid, study, patient, description, study_date, sex, age: as the file has them; empty where it has none.
        frame_of_reference: (0020,0052); images with the same one lie in one space.
        references: SeriesInstanceUIDs of the images that a segmentation or contours were drawn on.
        notes: what was decided, in whole sentences.
    """

    kind: str
    modality: str
    sop_class: str
    files: tuple[Path, ...]
    frames: int
    size: tuple[int, int]
    index: int | None = None
    uid: str = field(default="", repr=False)
    study: str = field(default="", repr=False)
    patient: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    study_date: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    age: str = field(default="", repr=False)
    frame_of_reference: str = field(default="", repr=False)
    references: tuple[str, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _File:
    """One file's header, its frames where it is an image, and the instances and series that it refers to."""

    path: Path
    header: "Dataset"
    frames: tuple[Frame, ...]
    series: tuple[str, ...]
    instances: tuple[str, ...]


def image_files(path: Path) -> list[Path]:
    """Return the image files at a path: itself, or a folder's own DICOM images, sorted by name.

    Raises:
        ReadError: the folder holds none.
    """
    if not path.is_dir():
        return [path]
    found = []
    for file in sorted(p for p in path.iterdir() if p.is_file() and is_dicom(p)):
        header = open_dataset(file, tags=(0x00080016, 0x00280010), stop_before_pixels=True)
        if whole(header, "Rows") and text(header, "SOPClassUID") not in SEGMENTATION:
            found.append(file)
    if not found:
        raise ReadError(f"{path.name} holds no DICOM image", expected="files of one series", got="none")
    return found


def group_series(
    folder_or_files: Path | Iterable[Path],
    stop_before_pixels: bool = True,
    *,
    on_error: Callable[[Path, ReadError], None] | None = None,
) -> list[Series]:
    """Return what a folder (with its subfolders) or a list of files holds, one entry for each readable image.

    Args:
        folder_or_files: files that are no DICOM are passed over.
        stop_before_pixels: False also reads each file to its end, so that a truncated one is found now.
        on_error: called with each file that is DICOM and cannot be read; without it the first such file raises.

    Returns:
        sorted by patient, study, series and volume.

    Raises:
        ReadError: a file cannot be read and ``on_error`` is not given.
    """
    if isinstance(folder_or_files, Path):
        folder_or_files = sorted(folder_or_files.rglob("*")) if folder_or_files.is_dir() else [folder_or_files]
    files: list[_File] = []
    for path in folder_or_files:
        if not path.is_file() or not is_dicom(path):
            continue
        try:
            files.append(_read_file(path, stop_before_pixels=stop_before_pixels))
        except ReadError as error:
            if on_error is None:
                raise
            on_error(path, error)
    with quietly():
        return _group(files)


@refuses_damage
def _read_file(path: Path, *, stop_before_pixels: bool) -> _File:
    tags = [*header_tags(), *_REFERENCE_TAGS]
    header = open_dataset(path, tags=tags, stop_before_pixels=True)
    if not stop_before_pixels:
        open_dataset(path)
    kind = _kind(header)
    frames = read_frames(path, header) if kind == "image" else ()
    series, instances = _references(header) if kind != "image" else ((), ())
    return _File(path, header, frames, series, instances)


def _kind(header: "FileDataset") -> str:
    """Return ``image``, ``seg``, ``rtstruct``, or ``other`` for reports, presentation states and the like."""
    sop_class = text(header, "SOPClassUID")
    if sop_class in SEGMENTATION:
        return "seg"
    if sop_class in STRUCTURE_SET:
        return "rtstruct"
    return "image" if whole(header, "Rows") and whole(header, "Columns") else "other"


def _references(header: "FileDataset") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the series and the instances that a segmentation or contours refer to."""
    series, instances = [], []
    for entry in items(header, "ReferencedSeriesSequence"):
        series.append(text(entry, "SeriesInstanceUID"))
        instances += [text(i, "ReferencedSOPInstanceUID") for i in items(entry, "ReferencedInstanceSequence")]
    for frame in items(header, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            for entry in items(study, "RTReferencedSeriesSequence"):
                series.append(text(entry, "SeriesInstanceUID"))
                instances += [text(i, "ReferencedSOPInstanceUID") for i in items(entry, "ContourImageSequence")]
    for group in items(header, "PerFrameFunctionalGroupsSequence"):
        source = item(item(group, "DerivationImageSequence"), "SourceImageSequence")
        if source is not None:
            instances.append(text(source, "ReferencedSOPInstanceUID"))
    return tuple(dict.fromkeys(filter(None, series))), tuple(dict.fromkeys(filter(None, instances)))


def _group(files: Sequence[_File]) -> list[Series]:
    """Return the entries of all files, references resolved to series."""
    home = {text(f.header, "SOPInstanceUID"): text(f.header, "SeriesInstanceUID") for f in files}
    by_series: dict[str, list[_File]] = defaultdict(list)
    found: list[Series] = []
    for file in files:
        kind = _kind(file.header)  # pyright: ignore[reportArgumentType] - a FileDataset, kept as its parent
        if kind == "image":
            by_series[text(file.header, "SeriesInstanceUID") or str(file.path)].append(file)
        elif kind != "other":
            named = [s for s in file.series if s in home.values()]
            drawn_on = named or [home[i] for i in file.instances if i in home] or list(file.series)
            found.append(_entry([file], kind, references=tuple(dict.fromkeys(drawn_on))))
    for members in by_series.values():
        found += _split(members)
    return sorted(found, key=lambda s: (s.patient, s.study, s.uid, s.files, s.index or 0))


def _split(members: Sequence[_File]) -> list[Series]:
    """Return one entry for each image that the files of a series make."""
    unique, notes = _without_copies(members)
    entries: list[Series] = []
    parts: list[list[_File]] = []
    for file in unique:
        if len(file.frames) != 1 or not file.frames[0].is_placed:
            entries += _stand_alone(file)
            continue
        fitting = (p for p in parts if _belongs(p[0], file))
        part = next(fitting, None)
        if part is None:
            parts.append([file])
        else:
            part.append(file)
    for part in parts:
        entries += _volumes(part)
    if len(entries) > 1:
        notes += (f"The series holds {len(entries)} images, each taken by itself.",)
    if not notes:
        return entries
    return [_with_notes(entry, notes) for entry in entries]


def _without_copies(members: Sequence[_File]) -> tuple[list[_File], tuple[str, ...]]:
    """Leave out files of an instance that is there already."""
    unique: dict[str, _File] = {}
    copies = 0
    for file in members:
        uid = text(file.header, "SOPInstanceUID") or str(file.path)
        copies += uid in unique
        unique.setdefault(uid, file)
    return list(unique.values()), ((f"{copies} file(s) are copies of others: left out.",) if copies else ())


def _belongs(first: _File, other: _File) -> bool:
    """Answer whether two single-frame files may lie in one volume: same size, plane and colour model."""
    same = all(
        text(first.header, k) == text(other.header, k)
        for k in ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation")
    )
    return same and same_plane(first.frames[0], other.frames[0])


def _stand_alone(file: _File) -> list[Series]:
    """Return the image of one file, or its volumes where they lie at the same positions."""
    if len(file.frames) == 1 or not all(f.is_placed for f in file.frames):
        return [_entry([file], "image")]
    planes = [f for f in file.frames if not same_plane(file.frames[0], f)]
    volumes = [] if planes else split_volumes(file.frames)
    if len(volumes) < 2:
        return [_entry([file], "image")]
    return [_entry([file], "image", index=n, frames=len(v)) for n, v in enumerate(volumes)]


def _volumes(part: Sequence[_File]) -> list[Series]:
    """Return the volumes that single-frame files of one plane make, files sorted by position."""
    of_frame = {id(f.frames[0]): f for f in part}
    frames = [f.frames[0] for f in part]
    volumes = split_volumes(frames) if len(frames) > 1 else [sort_by_position(frames)]
    return [_entry([of_frame[id(frame)] for frame in volume], "image") for volume in volumes]


def _entry(
    files: Sequence[_File],
    kind: str,
    *,
    index: int | None = None,
    frames: int = 0,
    references: tuple[str, ...] = (),
) -> Series:
    first = files[0].header
    return Series(
        kind=kind,
        modality=text(first, "Modality").upper(),
        sop_class=text(first, "SOPClassUID"),
        files=tuple(f.path.absolute() for f in files),
        frames=frames or sum(len(f.frames) for f in files) or whole(first, "NumberOfFrames"),
        size=(whole(first, "Rows"), whole(first, "Columns")),
        index=index,
        uid=text(first, "SeriesInstanceUID"),
        study=text(first, "StudyInstanceUID"),
        patient=text(first, "PatientID"),
        description=text(first, "SeriesDescription"),
        study_date=text(first, "StudyDate"),
        sex=text(first, "PatientSex"),
        age=text(first, "PatientAge"),
        frame_of_reference=text(first, "FrameOfReferenceUID"),
        references=references,
    )


def _with_notes(entry: Series, notes: tuple[str, ...]) -> Series:
    from dataclasses import replace

    return replace(entry, notes=(*entry.notes, *notes))


__all__ = ["Instance", "Series", "group_series", "image_files"]
