"""The pictures inside DICOM files, each with its place in the patient and its scale of values."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.io._dicom_open import SEGMENTATION, STRUCTURE_SET, open_dataset, refuses_damage
from diascope.io._dicom_values import item, items, number, numbers, text, texts, whole

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

_KEYWORDS = """
    SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID StudyDate SeriesDate AcquisitionDate StudyTime
    SeriesTime AcquisitionTime Modality StudyDescription SeriesDescription ReferencedSeriesSequence PatientID
    PatientSex PatientWeight PatientAge EchoTime DiffusionBValue TriggerTime SliceThickness SpacingBetweenSlices
    ImagerPixelSpacing NominalScannedPixelSpacing ActualFrameDuration StudyInstanceUID SeriesInstanceUID
    SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient ImageOrientationPatient FrameOfReferenceUID
    TemporalPositionIdentifier SamplesPerPixel PhotometricInterpretation NumberOfFrames Rows Columns PixelSpacing
    BitsAllocated BitsStored HighBit PixelRepresentation RescaleIntercept RescaleSlope RescaleType
    ModalityLUTSequence CorrectedImage NumberOfSlices Units SUVType DecayCorrection FrameReferenceTime
    DetectorInformationSequence RadiopharmaceuticalInformationSequence SharedFunctionalGroupsSequence
    PerFrameFunctionalGroupsSequence RedPaletteColorLookupTableDescriptor PixelPresentation
    FrameIncrementPointer FrameTime FrameTimeVector CineRate RecommendedDisplayFrameRate
""".split()  # noqa: SIM905 - sixty quoted strings read worse
GE_PET_CREATOR, GE_PET_SCAN_START = 0x00090010, 0x0009100D
"""GE's private block and the date and time at which a PET scan began in it (QIBA FDG-PET profile, appendix G)."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        path: its file. index: its number in the file, from 0.
        position: ``(3,)`` LPS mm, the centre of the first voxel, or None where unknown.
        orientation: ``(2, 3)`` LPS unit vectors: along a row (columns grow), along a column (rows grow); or None.
        spacing_mm: between rows, between columns; or None.
        thickness_mm: of the slice, or None.
        slope, intercept: stored value → value. rescale_type: (0028,1054), or empty.
        order: sorts pictures that lie at the same position, such as echoes and points in time.
        uid: of the instance; two files with the same one are copies.
    """

    path: Path
    index: int
    position: NDArray[np.float64] | None
    orientation: NDArray[np.float64] | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    slope: float
    intercept: float
    rescale_type: str
    order: tuple[float | str, ...]
    uid: str

    @property
    def is_placed(self) -> bool:
        """Answer whether position, orientation and spacing in the patient are all known."""
        return self.position is not None and self.orientation is not None and self.spacing_mm is not None

    @property
    def normal(self) -> NDArray[np.float64]:
        """Return the unit vector across the picture ``(3,)``, LPS; only where the orientation is known."""
        rows, columns = np.eye(3)[:2] if self.orientation is None else self.orientation
        return np.cross(rows, columns)


@dataclass(frozen=True, eq=False)
class Instance:
    """One file: its header without pixels, and its pictures."""

    path: Path
    header: "Dataset"
    frames: tuple[Frame, ...]


def header_tags() -> list[int]:
    """Return the tags that are needed before the pixels are read."""
    from pydicom.datadict import tag_for_keyword

    return [t for k in _KEYWORDS if (t := tag_for_keyword(k)) is not None] + [GE_PET_CREATOR, GE_PET_SCAN_START]


@refuses_damage
def read_instance(path: Path) -> Instance:
    """Return an image file's header and frames.

    Raises:
        ReadError: the file is damaged or holds no picture.
    """
    header = open_dataset(path, tags=header_tags(), stop_before_pixels=True)
    return Instance(path, header, read_frames(path, header))


def read_frames(path: Path, header: "FileDataset") -> tuple[Frame, ...]:
    """Return the pictures of an image file, in stored order.

    Raises:
        ReadError: the file holds no picture, or a segmentation or contours, which have readers of their own.
    """
    sop_class = text(header, "SOPClassUID")
    if sop_class in (*SEGMENTATION, *STRUCTURE_SET) or not (whole(header, "Rows") and whole(header, "Columns")):
        kind = header.SOPClassUID.name if sop_class else "no SOP class"
        raise ReadError(
            f"{path.name} holds no picture", expected="a DICOM image", got=kind, fix="give the image that it belongs to"
        )
    return list_frames(path, header)


def list_frames(path: Path, header: "Dataset") -> tuple[Frame, ...]:
    """Return the frames that a header describes, of whatever kind of object.

    Raises:
        ReadError: the header describes another number of frames than it counts.
    """
    count = max(1, whole(header, "NumberOfFrames", 1))
    shared = item(header, "SharedFunctionalGroupsSequence")
    per_frame = items(header, "PerFrameFunctionalGroupsSequence")
    if per_frame and len(per_frame) != count:
        raise ReadError(
            f"{path.name}: frames and their descriptions differ in number", expected=count, got=len(per_frame)
        )
    if shared is None and not per_frame:
        return _classic(path, header, count)
    groups = per_frame or [None] * count
    return tuple(_enhanced(path, header, n, (group, shared)) for n, group in enumerate(groups))


def _classic(path: Path, header: "Dataset", count: int) -> tuple[Frame, ...]:
    """Return the frames of a file whose attributes stand at its top level."""
    place, step = header, np.zeros(3)
    if count > 1:
        # only a tomographic NM image says where its frames lie; other cine frames share no position in space
        detector = item(header, "DetectorInformationSequence")
        place = detector if detector is not None and "RECON TOMO" in text(header, "ImageType") else None
        step = _nuclear_step(place, header) if place is not None else step
    position = None if place is None else numbers(place, "ImagePositionPatient", 3)
    return tuple(
        Frame(
            path=path,
            index=n,
            position=None if position is None or (count > 1 and not step.any()) else position + n * step,
            orientation=None if place is None else _orientation(place),
            spacing_mm=_spacing(header),
            thickness_mm=_positive(number(header, "SliceThickness")),
            slope=_or(number(header, "RescaleSlope"), 1.0),
            intercept=_or(number(header, "RescaleIntercept"), 0.0),
            rescale_type=text(header, "RescaleType").upper(),
            order=_order(header),
            uid=f"{text(header, 'SOPInstanceUID')}#{n}",
        )
        for n in range(count)
    )


def _nuclear_step(detector: "Dataset", header: "Dataset") -> NDArray[np.float64]:
    """Return the step between frames of a tomographic NM image, LPS mm (PS3.3 C.8.4.15: the spacing has a sign)."""
    orientation, spacing = _orientation(detector), number(header, "SpacingBetweenSlices")
    return np.zeros(3) if orientation is None or spacing is None else np.cross(*orientation) * spacing


def _enhanced(path: Path, header: "Dataset", n: int, groups: "tuple[Dataset | None, Dataset | None]") -> Frame:
    """Return one frame of an enhanced multi-frame file; a frame's own functional group goes before the shared one."""

    def group(keyword: str) -> "Dataset":
        return next((found for g in groups if (found := item(g, keyword)) is not None), header)

    measures, scale = group("PixelMeasuresSequence"), group("PixelValueTransformationSequence")
    content = group("FrameContentSequence")
    order = (
        text(group("MRImageFrameTypeSequence"), "FrameType"),
        _or(number(content, "TemporalPositionIndex"), 0.0),
        _or(number(group("MREchoSequence"), "EffectiveEchoTime"), 0.0),
        _or(number(group("MRDiffusionSequence"), "DiffusionBValue"), 0.0),
        *(float(v) for v in texts(content, "DimensionIndexValues")),
    )
    return Frame(
        path=path,
        index=n,
        position=numbers(group("PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=_orientation(group("PlaneOrientationSequence")),
        spacing_mm=_spacing(measures),
        thickness_mm=_positive(number(measures, "SliceThickness")),
        slope=_or(number(scale, "RescaleSlope"), 1.0),
        intercept=_or(number(scale, "RescaleIntercept"), 0.0),
        rescale_type=text(scale, "RescaleType").upper(),
        order=order,
        uid=f"{text(header, 'SOPInstanceUID')}#{n}",
    )


def _order(header: "Dataset") -> tuple[float | str, ...]:
    """Return what orders images at one position: kind, time, echo, b-value, trigger, acquisition, number."""
    keywords = ("TemporalPositionIdentifier", "EchoTime", "DiffusionBValue", "TriggerTime", "AcquisitionNumber")
    values = [_or(number(header, k), 0.0) for k in keywords]
    when = text(header, "AcquisitionDate"), text(header, "AcquisitionTime")
    return (text(header, "ImageType"), *values, *when, _or(number(header, "InstanceNumber"), 0.0))


def _orientation(dataset: "Dataset") -> NDArray[np.float64] | None:
    """Return row and column direction as unit vectors ``(2, 3)``, or None where they are no right angle."""
    cosines = numbers(dataset, "ImageOrientationPatient", 6)
    if cosines is None:
        return None
    vectors = cosines.reshape(2, 3)
    lengths = np.linalg.norm(vectors, axis=1)
    if (abs(lengths - 1) > 0.05).any():
        return None
    vectors = vectors / lengths[:, None]
    return vectors if abs(vectors[0] @ vectors[1]) < 1e-3 else None


def _spacing(dataset: "Dataset") -> tuple[float, float] | None:
    """Return row and column spacing in mm: in the patient, else at the detector or scanner."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = numbers(dataset, keyword, 2)
        if found is not None and (found > 1e-6).all():
            return float(found[0]), float(found[1])
    return None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
