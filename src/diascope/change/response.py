"""All of a patient at each visit: total volume, RECIST's sum and category, motion."""

import math
from collections.abc import Sequence

import numpy as np

from diascope.change.numbers import Patient, amount, change_of, name_of
from diascope.change.order import Visits
from diascope.core.documents.change import Measured, Moved, VisitChange
from diascope.measures._recist import (
    MEASURABLE_MM,
    NODE_MEASURABLE_MM,
    NODE_NORMAL_MM,
    UNEQUIVOCAL_GROWTH,
    Candidate,
    Judged,
    Others,
    Seen,
    choose_targets,
    judge,
)
from diascope.transforms.alignment import Alignment

MEASURABLE_ML = math.pi / 6 * MEASURABLE_MM**3 / 1000
"""Volume of a sphere that RECIST can measure: growth of less is not pointed out."""


def follow_targets(patient: Patient) -> list[int]:
    """Return the numbers of the lesions that RECIST follows: those of the first visit that it measures."""
    at_first = [n for n, track in enumerate(patient.tracks) if track.steps[0] is not None]
    lesions = [patient.tracks[n].first for n in at_first]
    slice_mm = max((found.slice_mm for found in lesions), default=1.0)
    candidates = [Candidate(f.axes.long_mm, f.axes.short_mm, patient.is_node(f), f.organ) for f in lesions]
    return [at_first[n] for n in choose_targets(candidates, slice_mm)]


def describe_visits(
    patient: Patient, order: Visits, alignments: Sequence[Alignment], targets: Sequence[int]
) -> tuple[VisitChange, ...]:
    """Return each visit with what is measured in all."""
    seen = [_seen(patient, visit, targets) for visit in range(len(patient.visits))]
    judged = judge(seen)
    found = []
    for visit, data in enumerate(patient.visits):
        total, notes = patient.volume(data.found), [*data.notes]
        is_whole = all(step is None or step.state != "not shown" for step in _steps(patient, visit))
        if not is_whole:
            notes.append("the image does not reach every known lesion: the total volume is of those that it shows")
        if visit:
            notes += _compare_grids(patient, visit) + list(alignments[visit - 1].notes)
        notes += _cautions(patient, visit, targets, seen)
        answer = judged[visit]
        found.append(
            VisitChange(
                number=visit + 1,
                case=data.case.id,
                label=order.labels[visit],
                day=order.days[visit] if order.days else None,
                volume_ml=amount(*total),
                volume_change_percent=_total_change(patient, visit) if visit and is_whole else Measured(value=None),
                sum_mm=_sum(answer, has_targets=bool(targets)),
                sum_from_first_percent=_known(answer.from_first_percent),
                sum_from_smallest_percent=_known(answer.from_smallest_percent),
                sum_from_smallest_mm=_known(answer.from_smallest_mm),
                target=answer.target,
                others=seen[visit].others,
                response=answer.response,
                probability=answer.probability,
                new=tuple(name_of(n) for n in _new(patient, visit)),
                moved=_moved(alignments[visit - 1]) if visit else None,
                notes=tuple(notes),
            )
        )
    return tuple(found)


def _steps(patient: Patient, visit: int) -> list:
    return [track.steps[visit] for track in patient.tracks]


def _total_change(patient: Patient, visit: int) -> Measured:
    return change_of(patient.volume(patient.visits[0].found), patient.volume(patient.visits[visit].found))


def _sum(answer: Judged, *, has_targets: bool) -> Measured:
    if not has_targets or math.isnan(answer.sum_mm):
        return Measured(value=None)
    return amount(answer.sum_mm, answer.sum_sd_mm)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _seen(patient: Patient, visit: int, targets: Sequence[int]) -> Seen:
    followed = [patient.tracks[n] for n in targets]
    steps = [track.steps[visit] for track in followed]
    return Seen(
        tuple(patient.diameter(part) for part in patient.parts(followed, visit)),
        is_complete=all(step is not None and step.state != "not shown" for step in steps),
        others=_others(patient, visit, targets),
        has_new=any(_new(patient, n) for n in range(visit + 1)),
        has_reappeared=bool(_back(patient, visit, targets)),
    )


def _other_tracks(patient: Patient, targets: Sequence[int]) -> list:
    """Return the first visit's lesions that are not followed; a node that was normal then is none of them."""
    return [
        track
        for n, track in enumerate(patient.tracks)
        if n not in targets and patient.is_counted(n, 0)
    ]


def _others(patient: Patient, visit: int, targets: Sequence[int]) -> Others:
    tracks = _other_tracks(patient, targets)
    if not tracks:
        return "none"
    if any(not patient.is_normal_node(part) for part in patient.parts(tracks, visit)):
        return "non-CR/non-PD"
    return "NE" if any(t.steps[visit].state == "not shown" for t in tracks) else "CR"


def _new(patient: Patient, visit: int) -> list[int]:
    """Return the lesions that count from this visit: new ones, equivocal ones that have grown, nodes once normal."""
    return [n for n, first in enumerate(patient.since) if visit and first == visit]


def _back(patient: Patient, visit: int, targets: Sequence[int]) -> list[int]:
    """Return the lesions that have reappeared: they had been gone, or were followed nodes that had become normal.

    A node has reappeared only where its short axis is 10 mm or more again (EORTC, RECIST questions and answers, abnormal
    lymph node); one that was not followed must have been gone.
    """
    found = []
    for number, track in enumerate(patient.tracks):
        step, before = (track.steps[n] if visit else None for n in (visit, visit - 1))
        if step is None or before is None or not patient.is_counted(number, visit - 1):
            continue
        was_gone = before.state != "not shown" and not _is_there(patient, number, visit - 1)
        if was_gone and _is_there(patient, number, visit) and (step.state == "back" or number in targets):
            found.append(number)
    return found


def _is_there(patient: Patient, number: int, visit: int) -> bool:
    parts = patient.parts([patient.tracks[number]], visit)
    return any(not patient.is_normal_node(part) for part in parts)


def _compare_grids(patient: Patient, visit: int) -> list[str]:
    before, now = (patient.visits[n].grid for n in (visit - 1, visit))
    if np.allclose(before.steps, now.steps, rtol=1e-3):
        return []
    edges = [" x ".join(f"{s:.3g}" for s in grid.steps) for grid in (before, now)]
    return [
        f"its voxels are {edges[1]} mm, those of the visit before {edges[0]} mm: each visit is measured on its own "
        "grid, and other slices alone change what is measured; to be matched, lesions are resampled"
    ]


def _cautions(patient: Patient, visit: int, targets: Sequence[int], seen: Sequence[Seen]) -> list[str]:
    """Return what a reader has to decide."""
    notes = [*_uncounted(patient, visit), *_node_cautions(patient, visit, targets)]
    others = _other_tracks(patient, targets)
    volumes = [patient.volume(patient.parts(others, n))[0] for n in range(visit + 1)]
    smallest = min(volumes[:-1], default=0.0)
    if smallest > 0 and volumes[-1] >= max((1 + UNEQUIVOCAL_GROWTH) * smallest, MEASURABLE_ML):
        notes.append(
            f"the lesions that are not followed have grown by {100 * (volumes[-1] / smallest - 1):.0f} % in volume: "
            "whether that is unequivocal progression is for a reader to say"
        )
    if visit == 0 and not targets and seen[0].others != "none":
        notes.append(
            "no lesion is large enough to be measured: the category rests on whether lesions remain or are new"
        )
    return notes


def _uncounted(patient: Patient, visit: int) -> list[str]:
    """Return which lesions came after the first visit and do not count yet."""
    came_later = [n for n, t in enumerate(patient.tracks) if t.steps[0] is None and patient.parts([t], visit)]
    open_ones = [n for n in came_later if not patient.is_counted(n, visit)]
    nodes = [n for n in open_ones if patient.is_node(patient.tracks[n].first)]
    small = [n for n in open_ones if n not in nodes]
    notes = []
    if small:
        names = ", ".join(map(name_of, small))
        notes.append(f"{names} would be new, but too small to be sure of: not counted as progression")
    for n in nodes:
        notes.append(
            f"{name_of(n)} would be new, but is a lymph node of normal size (short axis below {NODE_NORMAL_MM:.0f} mm): "
            "not counted as progression"
        )
    return notes


def _node_cautions(patient: Patient, visit: int, targets: Sequence[int]) -> list[str]:
    """Return what makes a lymph node count from this visit, and where that is not sure.

    From below 10 mm to little more may be no true progression; where nothing else shows it, it is judged again at the
    next visit, above all below 15 mm (EORTC, RECIST questions and answers, new lymph node lesions).
    """
    notes = []
    for n in [*_new(patient, visit), *_back(patient, visit, targets)]:
        track, short = patient.tracks[n], _short_mm(patient, n, visit)
        if not patient.is_node(track.first):
            continue
        words = f"{name_of(n)} is a new lymph node with a short axis of {short:.1f} mm"
        if patient.is_counted(n, visit - 1):
            words = f"{name_of(n)} was of normal size or gone at the visit before and has a short axis of {short:.1f} mm"
        elif any(patient.parts([track], before) for before in range(visit)):
            before = max(_short_mm(patient, n, earlier) for earlier in range(visit))
            words = (
                f"{name_of(n)} is a lymph node that was of normal size (short axis {before:.1f} mm) and now has "
                f"{short:.1f} mm: it counts as new"
            )
        if short < NODE_MEASURABLE_MM:
            words += (
                f"; below {NODE_MEASURABLE_MM:.0f} mm that may be no true progression: where nothing else shows it, "
                "judge it again at the next visit"
            )
        elif words.endswith("mm"):
            continue
        notes.append(words)
    return notes


def _short_mm(patient: Patient, number: int, visit: int) -> float:
    parts = patient.parts([patient.tracks[number]], visit)
    return max((part.axes.short_mm for part in parts), default=0.0)


def _moved(alignment: Alignment) -> Moved:
    motion, is_measured = alignment.motion(), alignment.not_aligned is None
    return Moved(
        alignment=alignment.kind,
        shift_mm=motion.shift_mm if is_measured else None,
        distance_mm=motion.distance_mm if is_measured else None,
        turn_degrees=motion.angle_degrees if is_measured else None,
        correlation={kind: _known(value) for kind, value in alignment.correlation.items()},
        not_aligned=alignment.not_aligned,
    )
