"""A patient's pictures: the curves over time, and each lesion at every visit, aligned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.change.numbers import Patient
from diascope.change.reading import Found, VisitData
from diascope.change.track import Chain
from diascope.core.documents.change import Lesion, LesionVisit, Measured, PatientChange
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.figures.planes import cut_planes
from diascope.figures.visits import Cell, Point, Timeline, lesion_grid, timeline
from diascope.measures._recist import PARTIAL_SHARE, PROGRESS_MM, PROGRESS_SHARE
from diascope.transforms.alignment import bring_back, to_world

MOST_LESIONS, MOST_NEW, MOST_VISITS = 5, 2, 5
"""Lesions (new ones among them) and visits that are shown beside each other; a page is no wider (chosen here)."""
AROUND_MM = 22.0
"""What is shown around a lesion on each side, so that its place can be known again (chosen here)."""


@dataclass(frozen=True)
class Pictures:
    """A patient's figures as SVG; ``lesions`` is empty where no lesion was ever seen."""

    timeline: str
    lesions: str
    hidden: str


def draw_patient(patient: Patient, chain: Chain, change: PatientChange) -> Pictures:
    """Return a patient's figures."""
    shown = _chosen(change)
    visits = list(range(len(patient.visits)))
    visits = visits if len(visits) <= MOST_VISITS else [*visits[:1], *visits[1 - MOST_VISITS :]]
    cells = {
        (row, column): _cell(patient, chain, change.lesions[n], number=n, visit=visit)
        for column, n in enumerate(shown)
        for row, visit in enumerate(visits)
    }
    titles = [_title(change.lesions[n]) for n in shown]
    rows = [_row(change, n) for n in visits]
    hidden = len(change.lesions) - len(shown)
    return Pictures(
        timeline(_timeline(change)),
        lesion_grid(titles, rows, cells) if shown else "",
        f"The table has {hidden} more" if hidden > 0 else "",
    )


def _chosen(change: PatientChange) -> list[int]:
    """Return the lesions to show: some that decide by being new, then those that are followed, then the largest."""
    new = {name for visit in change.visits for name in visit.new}
    order = sorted(range(len(change.lesions)), key=lambda n: (not change.lesions[n].is_target, n))
    first = [n for n in order if change.lesions[n].name in new][:MOST_NEW]
    return sorted([*first, *(n for n in order if n not in first)][:MOST_LESIONS])


def _title(lesion: Lesion) -> str:
    return f"{lesion.name}{', followed' if lesion.is_target else ''}"


def _row(change: PatientChange, visit: int) -> str:
    found = change.visits[visit]
    return found.label if found.day is None else f"{found.label}, day {found.day}"


def _timeline(change: PatientChange) -> Timeline:
    visits = change.visits
    days = [v.day for v in visits]
    is_days = all(d is not None for d in days)
    sums = [_point(v.sum_mm) for v in visits]
    values = [None if s is None else s[0] for s in sums]
    smallest = [_smallest(values[:n]) for n in range(len(visits))]
    progress = [None if s is None else s + max(PROGRESS_SHARE * s, PROGRESS_MM) for s in smallest]
    partial = (1 - PARTIAL_SHARE) * values[0] if values[0] is not None else None
    volumes: dict[str, list[Point]] = {}
    for lesion in change.lesions:
        at = {v.visit: v for v in lesion.visits}
        volumes[lesion.name] = [_point(at[v.number].volume_ml) if v.number in at else None for v in visits]
    return Timeline(
        when=[float(d) if is_days and d is not None else float(v.number) for d, v in zip(days, visits, strict=True)],
        is_days=is_days,
        sums=sums,
        partial=[partial] * len(visits),
        progress=progress,
        responses=[f"{v.response or ''}{', new' if v.new else ''}" for v in visits],
        volumes=volumes,
    )


def _smallest(values: list[float | None]) -> float | None:
    return min((v for v in values if v is not None), default=None)


def _point(measured: Measured) -> Point:
    return None if measured.value is None else (measured.value, measured.low, measured.high)


def _cell(patient: Patient, chain: Chain, lesion: Lesion, *, number: int, visit: int) -> Cell:
    """Return a lesion's slice at one visit, on the grid of the visit at which it was first seen."""
    track = patient.tracks[number]
    home = next(n for n, step in enumerate(track.steps) if step is not None)
    crop = _slice_around(patient.visits[home], track.first)
    image = _bring(patient.visits[visit].image, crop, chain, home, visit)
    step = track.steps[visit]
    parts = [patient.visits[visit].found[n] for n in step.parts] if step is not None else []
    now = _bring(_mask_of(patient.visits[visit], parts), crop, chain, home, visit, labels=True)
    first = _bring(_mask_of(patient.visits[home], [track.first]), crop, chain, home, home, labels=True)
    shown = [cut_planes(array[None].astype(np.float32), (), crop)[0] for array in (image, now, first)]
    at = next((v for v in lesion.visits if v.visit == visit + 1), None)
    picture, inside, before = (plane.image for plane in shown)
    return Cell(picture, inside > 0.5, before > 0.5, shown[0].size, _caption(at), shown[0].sides)


def _caption(at: LesionVisit | None) -> str:
    if at is None:
        return "not yet seen"
    if at.state in {"gone", "not shown"}:
        return at.state
    size = f"{at.volume_ml.value:.2f} ml, {at.recist_mm:.1f} mm"
    together = f" with {', '.join(at.together_with)}" if at.together_with else ""
    return f"{at.state}{together}: {size}"


def _slice_around(visit: VisitData, found: Found) -> Geometry:
    """Return a grid of one slice around a lesion: where it is measured, with its surroundings."""
    low, high = found.lesion.voxels.min(axis=0), found.lesion.voxels.max(axis=0)
    steps, axis = np.array(visit.grid.steps), found.axes.axis
    margin = np.ceil(AROUND_MM / steps).astype(int)
    low, high = low - margin, high + margin
    low[axis] = high[axis] = found.lesion.voxels[:, axis].min() + found.axes.slice_number
    affine = visit.grid.affine.copy()
    affine[:3, 3] = to_world(visit.grid, low[None])[0]
    return Geometry(tuple(int(n) for n in high - low + 1), affine)


def _bring(image: Image, crop: Geometry, chain: Chain, home: int, visit: int, *, labels: bool = False) -> NDArray:
    first = Image(image.array[:1], image.geometry, image.unit, image.modality)
    return bring_back(first, crop, lambda world: chain.points(world, home, visit), labels=labels).array[0]


def _mask_of(visit: VisitData, parts: list[Found]) -> Image:
    mask = np.zeros(visit.grid.shape, np.uint8)
    for part in parts:
        mask[tuple(part.lesion.voxels.T)] = 1
    return Image(mask[None], visit.grid)
