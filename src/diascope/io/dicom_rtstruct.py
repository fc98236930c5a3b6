"""DICOM RT Structure Sets: contours made into voxels of a given image (PS3.3 C.8.8.5, C.8.8.6).

A voxel belongs to a structure where its centre lies in an odd number of the contours of its slice. A contour belongs to
the slice nearest to its plane, within half a step; where contours lie closer than the slices, the plane nearest to each
slice counts. Nothing is interpolated between slices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._dicom_open import STRUCTURE_SET, guarded, open_dataset, read_sop_class, refuses_damage
from diascope.io._dicom_stack import FLIP
from diascope.io._dicom_structures import choose_structures, label_type, overlap_notes
from diascope.io._dicom_values import items, text, whole
from diascope.io._rtstruct_polygons import fill_even_odd

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_VOXELS = 0.2
"""The points of one contour may lie this far apart across its plane (chosen here: contours of a series whose slices
are taken as regular lie up to .1 beside their slice)."""
_SAME_PLANE_VOXELS = 0.05
"""Contours closer than this lie in one plane (chosen here)."""


@dataclass
class _Structure:
    """One structure's closed contours, each ``(N, 3)`` in RAS+ mm, and how many of other kinds were passed over."""

    contours: list[NDArray[np.float64]] = field(default_factory=list)
    others: int = 0


def is_readable(path: Path) -> bool:
    """Answer whether a file is an RT Structure Set."""
    return read_sop_class(path) in STRUCTURE_SET


@refuses_damage
def structures(path: Path) -> tuple[str, ...]:
    """Return the names of the structures that have closed contours, in the file's order, each once.

    Raises:
        ReadError: the file is damaged or no structure set.
    """
    return tuple(name for name, s in _structures(path).items() if s.contours)


def read(path: Path, source: Source) -> Image:
    """Raise: contours have no voxels of their own.

    Raises:
        ReadError: always; ``read_on`` gives them on an image's grid.
    """
    raise _no_grid(path)


def read_header(path: Path, source: Source) -> Header:
    """Raise: contours have no grid of their own.

    Raises:
        ReadError: always.
    """
    raise _no_grid(path)


def _no_grid(path: Path) -> ReadError:
    return ReadError(
        f"{path.name} holds contours, which have no grid of their own",
        expected="an image to draw them on",
        got="an RT Structure Set alone",
        fix="give the image series that it was drawn on",
    )


@refuses_damage
def read_on(path: Path, source: Source, geometry: Geometry) -> Image:
    """Return the label map ``(1, I, J[, K])`` on the image's grid; n + 1 for the nth wanted structure.

    Raises:
        ReadError: the file is damaged or lacks a wanted structure.
        GeometryError: the grid has no millimetres, or contours lie in planes across it.
    """
    if not geometry.has_spacing:
        raise GeometryError(
            f"{path.name} cannot be drawn on an image without millimetres",
            expected="an image with a place in the patient",
            got=geometry.describe(),
            fix="give the DICOM series that the contours were drawn on",
        )
    found = {name: s for name, s in _structures(path).items() if s.contours}
    wanted = choose_structures(path, source.structures, tuple(found))
    if not wanted:
        raise ReadError(f"{path.name} has no closed contour", expected="at least one structure", got="none")
    labels = np.zeros((*geometry.shape, 1)[:3], dtype=label_type(len(wanted)))
    overlaps, notes = 0, []
    for n, name in enumerate(wanted):
        if not name:
            continue
        mask, remarks = _voxelise(path, name, found[name], geometry)
        overlaps += int(np.count_nonzero(labels[mask]))
        labels[mask] = n + 1
        notes += remarks
    array = labels.reshape(1, *geometry.shape)
    return Image(array, geometry, modality="RTSTRUCT", notes=(*overlap_notes(overlaps, 0), *notes))


def _structures(path: Path) -> dict[str, _Structure]:
    """Return the structures by name; two of one name are one structure."""
    dataset = _open(path)
    with guarded(path, "its contours cannot be read"):
        names = {whole(r, "ROINumber", -1): text(r, "ROIName") for r in items(dataset, "StructureSetROISequence")}
        found = {name or f"ROI {n}": _Structure() for n, name in names.items()}
        for entry in items(dataset, "ROIContourSequence"):
            value = whole(entry, "ReferencedROINumber", -1)
            structure = found.setdefault(names.get(value) or f"ROI {value}", _Structure())
            for contour in items(entry, "ContourSequence"):
                _add_contour(path, contour, structure)
    return found


def _open(path: Path) -> "FileDataset":
    dataset = open_dataset(path)
    if text(dataset, "SOPClassUID") not in STRUCTURE_SET:
        got = text(dataset, "Modality")
        raise ReadError(f"{path.name} is no RT Structure Set", expected="RTSTRUCT", got=got or "no modality")
    return dataset


def _add_contour(path: Path, contour: "Dataset", structure: _Structure) -> None:
    """Add one contour's points, LPS turned into RAS.

    Raises:
        ReadError: its numbers are no points.
    """
    points = _numbers(contour)
    if points.size % 3 or not np.isfinite(points).all():
        raise ReadError(
            f"{path.name}: a contour is no list of points",
            expected="x, y, z for each point",
            got=f"{points.size} numbers",
        )
    kind = text(contour, "ContourGeometricType").upper()
    if kind not in _CLOSED or points.size < 9:
        structure.others += 1
        return
    structure.contours.append(points.reshape(-1, 3) * FLIP.diagonal()[:3])


def _numbers(contour: "Dataset") -> NDArray[np.float64]:
    """Return Contour Data; from its bytes where they are at hand, some ten times faster than number by number."""
    element = contour.get_item("ContourData")
    value = None if element is None else element.value
    if value is None:
        return np.zeros(0)
    values = value.strip(b" \0").split(b"\\") if isinstance(value, bytes) else np.atleast_1d(np.asarray(value))
    return np.asarray([float(v) for v in values if v not in (b"", "")])


def _voxelise(path: Path, name: str, structure: _Structure, geometry: Geometry) -> tuple[NDArray[np.bool_], list[str]]:
    """Return one structure as a mask ``(I, J, K)``, with notes."""
    shape = (*geometry.shape, 1)[:3]
    inverse = np.linalg.inv(geometry.affine)
    contours = [c @ inverse[:3, :3].T + inverse[:3, 3] for c in structure.contours]
    axis = _axis_across(path, name, contours, geometry)
    across = np.asarray([c[:, axis].mean() for c in contours])
    in_plane = [np.delete(c, axis, axis=1) for c in contours]
    mask = np.zeros(shape, dtype=bool)
    view = np.moveaxis(mask, axis, 0)
    chosen = _planes_of_slices(across, shape[axis])
    for position, members in chosen.items():
        view[position] = fill_even_odd([in_plane[m] for m in members], (view.shape[1], view.shape[2]))
    return mask, _remarks(name, structure, across, chosen, shape[axis])


def _axis_across(path: Path, name: str, contours: Sequence[NDArray], geometry: Geometry) -> int:
    """Return the grid axis that the contours' planes lie across: the last one where that fits.

    Raises:
        GeometryError: the contours lie in planes oblique to the grid.
    """
    spread = np.max([np.ptp(c, axis=0) for c in contours], axis=0)
    axis = next((a for a in (2, 1, 0) if spread[a] <= _FLAT_VOXELS and a < max(geometry.ndim, 3)), None)
    if axis is None or (geometry.ndim == 2 and axis != 2):
        raise GeometryError(
            f"{path.name}: the contours of {name!r} lie in planes oblique to the image's slices",
            expected=f"contours flat to {_FLAT_VOXELS} of a voxel in the planes of {geometry.describe()}",
            got="contours spread over {:.3g}, {:.3g} and {:.3g} voxels along the three axes".format(*spread),
            fix="give the image series that the contours were drawn on",
        )
    return axis


def _planes_of_slices(across: NDArray[np.float64], slices: int) -> dict[int, list[int]]:
    """Return slice → its contours: those of the nearest plane within half a step."""
    order = np.argsort(across, kind="stable")
    starts = np.flatnonzero(np.diff(across[order], prepend=-np.inf) > _SAME_PLANE_VOXELS)
    planes = [members.tolist() for members in np.split(order, starts[1:])]
    best: dict[int, tuple[float, list[int]]] = {}
    for members in planes:
        where = float(across[members].mean())
        position = int(np.floor(where + 0.5))
        beside = abs(where - position)
        if 0 <= position < slices and (position not in best or beside < best[position][0]):
            best[position] = (beside, members)
    return {position: members for position, (_, members) in sorted(best.items())}


def _remarks(
    name: str, structure: _Structure, across: NDArray[np.float64], chosen: dict[int, list[int]], slices: int
) -> list[str]:
    """Return what there is to say about contours that were not used and slices between contours."""
    notes = []
    if structure.others:
        notes.append(f"{name}: {structure.others} points or open contours enclose no voxel and are left out.")
    outside = int(np.count_nonzero((across < -0.5) | (across >= slices - 0.5)))
    if outside:
        notes.append(f"{name}: {outside} of {len(across)} contours lie outside the image and are left out.")
    unused = len(across) - outside - sum(map(len, chosen.values()))
    if unused:
        notes.append(f"{name}: {unused} contours lie between slices with a nearer contour and are left out.")
    gaps = np.diff(sorted(chosen))
    if len(gaps) and np.median(gaps) > 1:
        notes.append(f"{name}: contours lie only on one slice in {int(np.median(gaps))}; those between stay empty.")
    return notes


READER = Reader(
    name="dicom_rtstruct",
    suffixes=(),
    is_readable=is_readable,
    read=read,
    read_header=read_header,
    read_on=read_on,
)
