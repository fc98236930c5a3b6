"""Write small DICOM files for tests: slices, series, multi-frame images, segmentations and contours.

``CANARIES`` are written into every identifying element; no message may ever repeat one of them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CANARIES = ("Canary^Name", "CANARY-4711", "19991231", "235958", "Canary Hospital")
SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "LABELMAP": "1.2.840.10008.5.1.4.1.1.66.7",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
}
STRAIGHT = np.eye(3)
OBLIQUE = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
"""A rotation whose columns are no patient axis: row direction, column direction, normal."""


def new_dataset(kind: str, *, series: str = "", study: str = "", syntax: str = ExplicitVRLittleEndian) -> FileDataset:
    """Return a data set of one kind with identity, dates and UIDs filled in."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, SOP_CLASSES[kind]
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = SOP_CLASSES[kind], meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.StudyDate, ds.StudyTime, ds.InstitutionName = CANARIES
    ds.PatientBirthDate, ds.Modality = CANARIES[2], "SEG" if kind == "LABELMAP" else kind
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study or generate_uid(), series or generate_uid()
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=[ds.StudyInstanceUID])
    return ds


def set_pixels(ds: Dataset, pixels: np.ndarray, *, bits: int = 0, photometric: str = "MONOCHROME2") -> None:
    """Store uncompressed pixels ``(rows, columns[, 3])`` or frames of them."""
    colour = pixels.ndim > 2 and pixels.shape[-1] == 3 and photometric not in ("MONOCHROME1", "MONOCHROME2")
    size = pixels.shape[:-1] if colour else pixels.shape
    ds.Rows, ds.Columns = size[-2:]
    if len(size) == 3:
        ds.NumberOfFrames = size[0]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3 if colour else 1, photometric
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored = bits or ds.BitsAllocated
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(pixels.dtype.kind == "i")
    data = np.ascontiguousarray(pixels).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)


def place(ds: Dataset, position: Sequence[float], rotation: np.ndarray, spacing: Sequence[float]) -> None:
    """Set position (LPS mm), direction (along rows, along columns, normal) and (column, row, slice) spacing."""
    ds.ImagePositionPatient = [f"{v:.10g}" for v in position]
    ds.ImageOrientationPatient = [f"{v:.10g}" for v in (*rotation[:, 0], *rotation[:, 1])]
    ds.PixelSpacing, ds.SliceThickness = [spacing[1], spacing[0]], spacing[2]


def save(ds: FileDataset, path: Path) -> Path:
    """Write a data set and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    volume: np.ndarray,
    *,
    kind: str = "CT",
    rotation: np.ndarray = STRAIGHT,
    spacing: Sequence[float] = (0.7, 0.9, 2.5),
    origin: Sequence[float] = (-20.0, 30.0, 40.0),
    shear: Sequence[float] = (0.0, 0.0, 0.0),
    series: str = "",
    study: str = "",
    **elements: object,
) -> list[Path]:
    """Write a volume ``(slices, rows, columns)`` as one file a slice, under names that do not follow their order.

    Args:
        shear: added to each next slice's position, LPS mm, as a tilted gantry does.
        elements: DICOM keyword → value, for every file; a callable is called with the slice's number.
    """
    series, study = series or generate_uid(), study or generate_uid()
    names = np.random.default_rng(len(volume)).permutation(len(volume))
    paths = []
    for k, pixels in enumerate(volume):
        ds = new_dataset(kind, series=series, study=study)
        set_pixels(ds, pixels)
        step = rotation[:, 2] * spacing[2] + np.asarray(shear)
        place(ds, np.asarray(origin) + k * step, rotation, spacing)
        ds.InstanceNumber = int(names[k])
        for keyword, value in elements.items():
            setattr(ds, keyword, value(k) if callable(value) else value)
        paths.append(save(ds, folder / f"IM{names[k]:03d}.dcm"))
    return paths


def pet_elements(**changes: object) -> dict[str, object]:
    """Return elements of a PET series in Bq/ml: 70 kg, 350 MBq of F-18 injected an hour before the scan's start."""
    drug = Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "350000000", "6586.2"
    drug.RadiopharmaceuticalStartTime = "090000"
    elements = {
        "Units": "BQML", "DecayCorrection": "START", "CorrectedImage": ["ATTN", "DECY"], "PatientWeight": "70",
        "SeriesDate": CANARIES[2], "SeriesTime": "100000", "AcquisitionDate": CANARIES[2], "AcquisitionTime": "100500",
        "ActualFrameDuration": "180000", "FrameReferenceTime": "0", "RescaleSlope": "2", "RescaleIntercept": "0",
    }  # fmt: skip
    for name in ("RadionuclideTotalDose", "RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime"):
        if name in changes:
            setattr(drug, name, changes.pop(name))
    return {**elements, "RadiopharmaceuticalInformationSequence": Items([drug]), **changes}


def functional_groups(
    ds: Dataset, positions: Sequence[Sequence[float]], rotation: np.ndarray, spacing: Sequence[float]
) -> None:
    """Describe the frames of an enhanced multi-frame object: shared direction and spacing, a position for each."""
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [f"{v:.10g}" for v in (*rotation[:, 0], *rotation[:, 1])]
    measures.PixelSpacing, measures.SliceThickness = [spacing[1], spacing[0]], spacing[2]
    measures.SpacingBetweenSlices = spacing[2]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Items([orientation]), Items([measures])
    ds.SharedFunctionalGroupsSequence = Items([shared])
    groups = []
    for position in positions:
        plane, group = Dataset(), Dataset()
        plane.ImagePositionPatient = [f"{v:.10g}" for v in position]
        group.PlanePositionSequence = Items([plane])
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = Items(groups)
    ds.NumberOfFrames = len(groups)


def structure_set(
    rois: dict[str, list[np.ndarray]], *, references: str = "", kind: str = "CLOSED_PLANAR"
) -> FileDataset:
    """Return an RT Structure Set of named contours, each ``(N, 3)`` in LPS mm."""
    ds = new_dataset("RTSTRUCT")
    names, contours = [], []
    for number, (name, lines) in enumerate(rois.items(), start=1):
        roi, entry = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, entry.ReferencedROINumber = number, name, number
        entry.ContourSequence = Items([_contour(points, kind) for points in lines])
        names.append(roi)
        contours.append(entry)
    ds.StructureSetROISequence, ds.ROIContourSequence = Items(names), Items(contours)
    if references:
        series, study, frame = Dataset(), Dataset(), Dataset()
        series.SeriesInstanceUID = references
        study.RTReferencedSeriesSequence = Items([series])
        frame.RTReferencedStudySequence = Items([study])
        ds.ReferencedFrameOfReferenceSequence = Items([frame])
    return ds


def _contour(points: np.ndarray, kind: str) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
    contour.ContourData = [f"{v:.9g}" for v in np.asarray(points).ravel()]
    return contour


def segmentation(
    frames: np.ndarray,
    segments: Sequence[int],
    positions: Sequence[Sequence[float]],
    names: Sequence[str],
    *,
    rotation: np.ndarray = STRAIGHT,
    spacing: Sequence[float] = (0.7, 0.9, 2.5),
    kind: str = "BINARY",
) -> FileDataset:
    """Return a segmentation: frames ``(F, rows, columns)``, each of one segment (from 1) at one position."""
    ds = new_dataset("LABELMAP" if kind == "LABELMAP" else "SEG")
    set_pixels(ds, frames.astype(np.uint8))
    ds.SegmentationType = kind
    if kind == "BINARY":
        ds.BitsAllocated = ds.BitsStored = 1
        ds.HighBit = 0
        packed = np.packbits((frames > 0).ravel(), bitorder="little").tobytes()
        ds.PixelData = packed + b"\0" * (len(packed) % 2)
    if kind == "FRACTIONAL":
        ds.MaximumFractionalValue = 200
    functional_groups(ds, positions, rotation, spacing)
    for group, segment in zip(ds.PerFrameFunctionalGroupsSequence, segments, strict=True):
        if kind != "LABELMAP":
            identification = Dataset()
            identification.ReferencedSegmentNumber = segment
            group.SegmentIdentificationSequence = Items([identification])
    described = []
    for number, name in enumerate(names, start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = number, name
        described.append(segment)
    ds.SegmentSequence = Items(described)
    return ds
