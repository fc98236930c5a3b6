"""DICOM segmentations: BINARY, FRACTIONAL (at least half of the maximum) and LABELMAP (PS3.3 A.51, C.8.20.2).

``read`` gives the segmentation on its own grid, ``read_on`` places it on the image that it was drawn on: its voxels
must be voxels of that image, frames without foreground may be absent, and nothing is interpolated.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io import _dicom_codecs as codecs
from diascope.io._dicom_frames import Frame, list_frames
from diascope.io._dicom_open import SEGMENTATION, guarded, open_dataset, read_sop_class, refuses_damage
from diascope.io._dicom_stack import UNEVEN_STEPS, frame_affine, regular_grid
from diascope.io._dicom_structures import choose_structures, label_type, overlap_notes
from diascope.io._dicom_values import item, items, number, text, whole

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_BESIDE_VOXELS = 0.01
"""So far a voxel of the segmentation may lie beside one of the image in the plane (chosen here: six decimals in
PixelSpacing add up to half of this over 4096 columns)."""


def is_readable(path: Path) -> bool:
    """Answer whether a file is a DICOM segmentation."""
    return read_sop_class(path) in SEGMENTATION


@refuses_damage
def structures(path: Path) -> tuple[str, ...]:
    """Return the names of the segments, in the file's order, each once.

    Raises:
        ReadError: the file is no segmentation.
    """
    return tuple(dict.fromkeys(_segments(path, _open(path, stop_before_pixels=True)).values()))


@refuses_damage
def read_header(path: Path, source: Source) -> Header:
    """Return grid and type of the label map that ``read`` gives."""
    dataset = _open(path, stop_before_pixels=True)
    chosen = choose_structures(path, source.structures, tuple(_segments(path, dataset).values()))
    frames = list_frames(path, dataset)
    return Header(_own_geometry(path, dataset, frames), 1, label_type(len(chosen)).name, modality="SEG")


@refuses_damage
def read(path: Path, source: Source) -> Image:
    """Return the label map ``(1, I, J[, K])`` on the segmentation's own grid; n + 1 for the nth wanted structure.

    Raises:
        ReadError: it is damaged, of a slide, unevenly spaced, or lacks a wanted structure.
    """
    dataset = _open(path)
    frames = list_frames(path, dataset)
    return _paint(path, source, dataset, frames, _own_geometry(path, dataset, frames))


@refuses_damage
def read_on(path: Path, source: Source, geometry: Geometry) -> Image:
    """Return the label map ``(1, I, J[, K])`` on the image's grid; n + 1 for the nth wanted structure.

    Raises:
        GeometryError: its voxels are no voxels of this grid.
        ReadError: as ``read``.
    """
    dataset = _open(path)
    return _paint(path, source, dataset, list_frames(path, dataset), geometry)


def _open(path: Path, *, stop_before_pixels: bool = False) -> "FileDataset":
    dataset = open_dataset(path, stop_before_pixels=stop_before_pixels)
    if text(dataset, "SOPClassUID") not in SEGMENTATION:
        raise ReadError(f"{path.name} is no DICOM segmentation", expected="a SEG object", got=text(dataset, "Modality"))
    return dataset


def _segments(path: Path, dataset: "FileDataset") -> dict[int, str]:
    """Return segment number → name; several segments may have one name, such as many lesions."""
    names: dict[int, str] = {}
    for entry in items(dataset, "SegmentSequence"):
        kind = item(entry, "SegmentedPropertyTypeCodeSequence")
        meaning = text(kind, "CodeMeaning") if kind is not None else ""
        value = whole(entry, "SegmentNumber")
        if value > 0:  # in a label map 0 is the background, which may be described too
            names[value] = text(entry, "SegmentLabel") or meaning or f"segment {value}"
    if not names:
        raise ReadError(f"{path.name} describes no segment", expected="at least one item in Segment Sequence", got=0)
    return names


def _own_geometry(path: Path, dataset: "FileDataset", frames: Sequence[Frame]) -> Geometry:
    """Return the segmentation's own grid; slices without foreground are often not stored, so gaps are no fault."""
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    if all(f.position is None for f in frames):
        _check_unplaced(path, dataset)
        return geometry_without_spacing((rows, columns))
    if not all(f.is_placed for f in frames):
        raise ReadError(f"{path.name}: some frames have no place in the patient", expected="a place for each frame")
    shared = item(item(dataset, "SharedFunctionalGroupsSequence"), "PixelMeasuresSequence")
    spacing = None if shared is None else number(shared, "SpacingBetweenSlices")
    return regular_grid(frames, rows, columns, spacing)


def _check_unplaced(path: Path, dataset: "FileDataset") -> None:
    """Raise where frames without a place in the patient cannot be told apart."""
    tiled = text(dataset, "DimensionOrganizationType").startswith("TILED")
    if tiled or item(dataset, "TotalPixelMatrixOriginSequence") is not None:
        raise ReadError(
            f"{path.name} is the segmentation of a slide",
            expected="frames with a place in the patient, or of a single picture",
            got="tiles of a total pixel matrix",
            fix="export it as a label image",
        )


def _paint(path: Path, source: Source, dataset: "FileDataset", frames: Sequence[Frame], geometry: Geometry) -> Image:
    """Return the label map on a grid; the greater label stays where structures overlap."""
    segments = _segments(path, dataset)
    wanted = choose_structures(path, source.structures, tuple(segments.values()))
    lookup = np.zeros(max(segments) + 1, dtype=label_type(len(wanted)))
    for value, name in segments.items():
        lookup[value] = wanted.index(name) + 1 if name in wanted else 0
    labels = np.zeros(geometry.shape, dtype=lookup.dtype)
    outside = overlaps = 0
    for frame, values in zip(frames, _label_frames(path, dataset, lookup), strict=True):
        at = np.nonzero(values)
        if not at[0].size and frame.position is not None:
            continue
        index, inside = _voxels(path, frame, at, values.shape, geometry)
        painted = values[at][inside]
        before = labels[index]
        overlaps += int(np.count_nonzero((before > 0) & (before != painted)))
        outside += int(np.count_nonzero(~inside))
        labels[index] = np.maximum(before, painted)
    notes = overlap_notes(overlaps, outside)
    return Image(labels[None], geometry, modality="SEG", notes=notes)


def _label_frames(path: Path, dataset: "FileDataset", lookup: NDArray) -> Iterator[NDArray]:
    """Yield each frame's labels ``(rows, columns)``, one frame in memory at a time."""
    kind = text(dataset, "SegmentationType").upper()
    maximum = number(dataset, "MaximumFractionalValue") or 255.0
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")
    shared = item(dataset, "SharedFunctionalGroupsSequence")
    uid = str(dataset.file_meta.TransferSyntaxUID)
    with guarded(path, "its pixels cannot be decoded; the file may be truncated"):
        from pydicom.pixels.utils import iter_pixels

        codecs.register()
        codecs.check_streams(dataset)
        options = {"decoding_plugin": codecs.PLUGINS.get(uid, ""), "allow_excess_frames": False}
        for n, pixels in enumerate(iter_pixels(dataset, raw=True, **options)):
            if kind == "LABELMAP":
                yield lookup[np.where(pixels < len(lookup), pixels, 0)]
                continue
            own = item(groups[n], "SegmentIdentificationSequence") if n < len(groups) else None
            named = own if own is not None else item(shared, "SegmentIdentificationSequence")
            segment = 0 if named is None else whole(named, "ReferencedSegmentNumber")
            if not 0 < segment < len(lookup):
                raise ReadError(
                    f"{path.name}: frame {n + 1} names no segment", expected=f"1 to {len(lookup) - 1}", got=segment
                )
            mask = pixels >= 0.5 * maximum if kind == "FRACTIONAL" else pixels > 0
            yield np.where(mask, lookup[segment], lookup[0])


def _voxels(
    path: Path, frame: Frame, at: Sequence[NDArray], size: tuple[int, ...], geometry: Geometry
) -> tuple[tuple[NDArray, ...], NDArray[np.bool_]]:
    """Return the grid's voxels that a frame's pixels are, and which of the pixels lie on the grid."""
    if frame.position is None:
        if geometry.shape != size:
            raise _other_grid(path, f"{size[0]} rows, {size[1]} columns, no place in the patient", geometry)
        return tuple(at), np.ones(len(at[0]), dtype=bool)
    if not geometry.has_spacing:
        raise _other_grid(path, "a place in the patient", geometry)
    to_grid = np.linalg.inv(geometry.affine) @ frame_affine(frame)
    rows, columns = size
    corners = to_grid @ np.asarray([[c, r, 0, 1] for c in (0, columns - 1) for r in (0, rows - 1)]).T
    beside = np.abs(corners - np.rint(corners))[:3].max(axis=1)
    across = int(np.abs(to_grid[:3, :2]).sum(axis=1).argmin())
    allowed = np.full(3, _BESIDE_VOXELS)
    allowed[across] = UNEVEN_STEPS
    steps = np.abs(to_grid[:3, :2])
    if (beside > allowed).any() or not np.allclose(
        np.sort(steps, axis=0), [[0, 0], [0, 0], [1, 1]], atol=_BESIDE_VOXELS
    ):
        spacing = ", ".join(f"{s:.4g}" for s in frame.spacing_mm or ())
        raise _other_grid(path, f"{rows} rows, {columns} columns, spacing ({spacing}) mm", geometry)
    index = np.rint(to_grid @ np.stack([at[1], at[0], np.zeros_like(at[0]), np.ones_like(at[0])])).astype(np.int64)[:3]
    limits = np.asarray((*geometry.shape, 1)[:3])[:, None]
    inside = np.asarray(((index >= 0) & (index < limits)).all(axis=0))
    return tuple(index[: geometry.ndim, inside]), inside


def _other_grid(path: Path, got: str, geometry: Geometry) -> GeometryError:
    return GeometryError(
        f"{path.name} lies on another grid than the image",
        expected=geometry.describe(),
        got=got,
        fix="give the image that it was drawn on, or let Diascope resample it with --set curate.resample_masks=true",
    )


READER = Reader(
    name="dicom_seg",
    suffixes=(),
    is_readable=is_readable,
    read=read,
    read_header=read_header,
    read_on=read_on,
)
