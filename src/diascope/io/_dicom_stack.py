"""Frames → one regular grid: sorted along the normal, and checked for gaps, copies, uneven steps and tilt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.io._dicom_frames import Frame

SAME_POSITION_MM = 0.01
"""Positions closer than this are one (chosen here: DICOM writes positions with two to six decimals)."""
UNEVEN_STEPS = 0.1
"""A slice may lie this part of a step beside the regular grid (chosen here: positions rounded to 0.1 mm at steps
of 1 mm are still regular, the 2.5 and 5 mm parts of a head CT are not); beyond 0.01 a note says so."""
SAME_DIRECTION = 1e-3
"""Direction cosines may differ by this, the tolerance of ITK's series reader for direction."""
TILT_DEGREES = 0.1
"""A stack leaning by more than this has a note (chosen here: .1 degree moves a slice 30 cm away by .5 mm)."""

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
"""LPS → RAS: the first two axes of the patient change sign."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Frames in the order of the grid's last axis.

    Attributes:
        frames: one for each slice, or the only one.
        geometry: the grid; see ``rows_first``.
        rows_first: rows are I and columns J, as in a photograph; else columns are I and rows J, as the patient's axes
            suggest and NIfTI and ITK have it.
    """

    frames: tuple[Frame, ...]
    geometry: Geometry
    rows_first: bool
    notes: tuple[str, ...] = ()


def stack_frames(
    frames: Sequence[Frame], rows: int, columns: int, *, colour: bool = False, film: bool = False
) -> Stack:
    """Return the frames as one image.

    Without a place in the patient a single frame is a picture; several of one file that are a film are a picture over
    time, others are stacked along K in stored order, without a spacing. With a place, they are sorted along their
    common normal; the step between them is taken as it is, so a tilted gantry gives a sheared grid and no voxel is
    changed.

    Raises:
        ReadError: a slice is missing, the steps are uneven, directions or spacings differ, two lie at one position.
    """
    if not all(f.is_placed for f in frames):
        return _stack_unplaced(frames, rows, columns, film=film)
    if len(frames) == 1:
        return _arranged(_flat_affine(frames[0]), frames, (rows, columns), colour, ())
    _check_same_plane(frames)
    ordered = sort_by_position(frames)
    step, notes = _measure_step(ordered)
    first, spacing = ordered[0], ordered[0].spacing_mm or (1.0, 1.0)
    affine = _affine(first, spacing, step)
    return _arranged(affine, ordered, (rows, columns), colour, notes)


def sort_by_position(frames: Sequence[Frame]) -> list[Frame]:
    """Return placed frames sorted along the first one's normal, then by what orders those at one position."""
    normal = frames[0].normal
    order = {id(f): rank for rank, f in enumerate(sorted(frames, key=lambda f: f.order))}
    return sorted(frames, key=lambda f: (round(distance(f, normal) / SAME_POSITION_MM), order[id(f)]))


def distance(frame: Frame, normal: NDArray[np.float64]) -> float:
    """Return how far a frame lies along a normal, in mm; 0 where it has no position."""
    return 0.0 if frame.position is None else float(frame.position @ normal)


def split_volumes(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Return the volumes that share the same positions, such as echoes, b-values and points in time.

    Where the positions do not all hold equally many frames, everything is one volume and the reader will object.
    """
    ordered = sort_by_position(frames)
    normal = ordered[0].normal
    places: list[list[Frame]] = []
    for frame in ordered:
        if places and abs(distance(frame, normal) - distance(places[-1][0], normal)) <= SAME_POSITION_MM:
            places[-1].append(frame)
        else:
            places.append([frame])
    count = len(places[0])
    if any(len(place) != count for place in places):
        return [ordered]
    return [[place[n] for place in places] for n in range(count)]


def same_plane(first: Frame, other: Frame) -> bool:
    """Answer whether two placed frames have the same directions and spacing."""
    if first.orientation is None or other.orientation is None:
        return first.orientation is None and other.orientation is None
    same = np.abs(first.orientation - other.orientation).max() <= SAME_DIRECTION
    return bool(same and np.allclose(first.spacing_mm or 0, other.spacing_mm or 0, rtol=1e-3))


def _check_same_plane(frames: Sequence[Frame]) -> None:
    for frame in frames:
        if not same_plane(frames[0], frame):
            raise ReadError(
                f"{frame.path.name} has another direction or spacing than {frames[0].path.name}",
                expected=_plane(frames[0]),
                got=_plane(frame),
                fix="give the files of each plane as an image of their own",
            )


def _plane(frame: Frame) -> str:
    spacing = ", ".join(f"{s:.4g}" for s in frame.spacing_mm or ())
    return f"direction {np.round(frame.normal, 3).tolist()}, spacing ({spacing}) mm"


def _measure_step(ordered: Sequence[Frame]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the vector between neighbouring slices in LPS mm, with notes; raise where there is no such vector."""
    normal = ordered[0].normal
    along = np.asarray([distance(f, normal) for f in ordered])
    gaps = np.diff(along)
    _check_gaps(ordered, gaps)
    places = np.asarray([f.position for f in ordered])
    step = (places[-1] - places[0]) / (len(ordered) - 1)
    size = float(step @ normal)
    ideal = places[0] + np.arange(len(ordered))[:, None] * step
    beside = np.linalg.norm(places - ideal, axis=1)
    if beside.max() > max(UNEVEN_STEPS * size, SAME_POSITION_MM):
        worst = ordered[int(beside.argmax())]
        raise ReadError(
            f"the slices are not evenly spaced: {worst.path.name} lies {beside.max():.3g} mm beside the regular grid",
            expected=f"steps of {np.median(gaps):.4g} mm",
            got=f"steps of {gaps.min():.4g} to {gaps.max():.4g} mm",
            fix="give each evenly spaced part as an image of its own, or resample the series",
        )
    notes = []
    if beside.max() > 0.01 * size:
        notes.append(
            f"Slices lie up to {beside.max():.2g} mm beside a regular grid of {size:.4g} mm; taken as regular."
        )
    lean = float(np.degrees(np.arctan2(np.linalg.norm(step - size * normal), size)))
    if lean > TILT_DEGREES:
        notes.append(f"The gantry was tilted by {lean:.1f} degrees: the grid is sheared, no voxel was changed.")
    return step, tuple(notes)


def _check_gaps(ordered: Sequence[Frame], gaps: NDArray[np.float64]) -> None:
    """Raise where two slices lie at one place or a step is a multiple of the usual one."""
    if gaps.min() <= SAME_POSITION_MM:
        at = int(gaps.argmin())
        names = sorted({ordered[at].path.name, ordered[at + 1].path.name})
        raise ReadError(
            f"two different pictures lie at the same position: {' and '.join(names)}",
            expected="one picture for each position",
            got=f"{int((gaps <= SAME_POSITION_MM).sum())} more than positions",
            fix="take the superfluous ones out, or name the files of one volume (echo, b-value, point in time)",
        )
    usual = float(np.median(gaps))
    # a missing slice doubles one step; a change of spacing doubles many of them
    wide = np.flatnonzero(gaps > 1.5 * usual)
    if (
        len(wide)
        and len(wide) <= max(1, len(gaps) // 4)
        and (np.abs(np.delete(gaps, wide) - usual) < 0.25 * usual).all()
    ):
        missing = int(sum(round(gaps[n] / usual) - 1 for n in wide))
        at = int(wide[0])
        raise ReadError(
            f"{missing} slice(s) missing, the first between {ordered[at].path.name} and {ordered[at + 1].path.name}",
            expected=f"steps of {usual:.4g} mm",
            got=f"a step of {gaps[at]:.4g} mm after slice {at + 1} of {len(ordered)}",
            fix="fetch the series again from its source; Diascope does not fill in slices",
        )


def _affine(frame: Frame, spacing: tuple[float, float], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (column, row, slice) index → RAS+ mm (PS3.3 C.7.6.2.1.1, then the flip to RAS)."""
    rows, columns = np.eye(3)[:2] if frame.orientation is None else frame.orientation
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = rows * spacing[1], columns * spacing[0], step
    affine[:3, 3] = 0 if frame.position is None else frame.position
    return FLIP @ affine


def frame_affine(frame: Frame) -> NDArray[np.float64]:
    """Return one placed frame's (column, row, beside) index → RAS+ mm; beside it counts in mm along the normal."""
    return _affine(frame, frame.spacing_mm or (1.0, 1.0), frame.normal)


def regular_grid(frames: Sequence[Frame], rows: int, columns: int, spacing: float | None) -> Geometry:
    """Return the grid (columns, rows, slices) that placed frames lie on, where some slices may not be stored.

    Args:
        frames: several may lie at one position.
        rows: of each frame.
        columns: of each frame.
        spacing: between slices in mm, as the header says, or None; taken where the positions are multiples of it.

    Raises:
        ReadError: the positions are no multiples of one step.
    """
    _check_same_plane(frames)
    normal = frames[0].normal
    ordered = sorted(frames, key=lambda f: distance(f, normal))
    along = np.asarray([distance(f, normal) for f in ordered]) - distance(ordered[0], normal)
    gaps = np.diff(along)[np.diff(along) > SAME_POSITION_MM]
    if not len(gaps):
        return Geometry((columns, rows), _flat_affine(ordered[0]))
    candidates = [s for s in (spacing, float(gaps.min())) if s is not None and s > SAME_POSITION_MM]
    for step in candidates:
        counts = np.rint(along / step)
        if counts[-1] >= 1 and np.abs(along - counts * step).max() <= UNEVEN_STEPS * step:
            places = [f.position for f in (ordered[-1], ordered[0]) if f.position is not None]
            affine = _affine(ordered[0], ordered[0].spacing_mm or (1.0, 1.0), (places[0] - places[1]) / counts[-1])
            return Geometry((columns, rows, int(counts[-1]) + 1), affine)
    raise ReadError(
        f"{frames[0].path.name}: its slices are not evenly spaced",
        expected=f"multiples of {candidates[0]:.4g} mm",
        got=f"steps of {gaps.min():.4g} to {gaps.max():.4g} mm",
        fix="resample it",
    )


def _flat_affine(frame: Frame) -> NDArray[np.float64]:
    """Return the affine of a single picture; its third column is the normal times the thickness, or a unit vector."""
    return _affine(frame, frame.spacing_mm or (1.0, 1.0), frame.normal * (frame.thickness_mm or 1.0))


def _arranged(
    affine: NDArray[np.float64],
    frames: Sequence[Frame],
    size: tuple[int, int],
    colour: bool,
    notes: tuple[str, ...],
) -> Stack:
    """Return the stack with columns as I, or for a colour picture with rows as I."""
    rows, columns = size
    shape = (columns, rows) if not colour else (rows, columns)
    affine = affine[:, [1, 0, 2, 3]] if colour else affine
    depth = (len(frames),) if len(frames) > 1 else ()
    return Stack(tuple(frames), Geometry((*shape, *depth), affine), rows_first=colour, notes=notes)


def _stack_unplaced(frames: Sequence[Frame], rows: int, columns: int, *, film: bool) -> Stack:
    """Return a picture or a film whose place in the patient is not known."""
    names = sorted({f.path.name for f in frames})
    if len(names) > 1:
        raise ReadError(
            f"{len(names)} files without a place in the patient are no volume: {names[0]}, {names[1]}, …",
            expected="ImagePositionPatient, ImageOrientationPatient and PixelSpacing in each file",
            fix="give each file as an image of its own",
        )
    if len(frames) > 1 and not film:
        note = f"The {len(frames)} frames have no place in the patient: stacked along K in stored order."
        return Stack(
            tuple(frames), geometry_without_spacing((rows, columns, len(frames))), rows_first=True, notes=(note,)
        )
    spacing = frames[0].spacing_mm
    if spacing is None:
        return Stack(tuple(frames), geometry_without_spacing((rows, columns)), rows_first=True)
    note = "The picture has a pixel spacing and no place in the patient: measured at its own origin."
    affine = np.diag([spacing[0], spacing[1], 1.0, 1.0])
    return Stack(tuple(frames), Geometry((rows, columns), affine), rows_first=True, notes=(note,))
