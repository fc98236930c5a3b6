"""All of a patient at each visit: total volume, RECIST's sum and category, motion."""

import math
from collections.abc import Sequence

import numpy as np

from diascope.change.cautions import describe_cautions
from diascope.change.counted import new_lesions, other_lesions, reappeared
from diascope.change.numbers import Patient, amount, change_of, name_of
from diascope.change.order import Visits
from diascope.core.documents.change import Measured, Moved, VisitChange
from diascope.measures._recist import Candidate, Judged, Others, Seen, choose_targets, judge
from diascope.transforms.alignment import Alignment


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
        notes += describe_cautions(patient, visit, targets, seen)
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
                new=tuple(name_of(n) for n in new_lesions(patient, visit)),
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
        has_new=any(new_lesions(patient, n) for n in range(visit + 1)),
        has_reappeared=bool(reappeared(patient, visit, targets)),
    )


def _others(patient: Patient, visit: int, targets: Sequence[int]) -> Others:
    tracks = other_lesions(patient, targets)
    if not tracks:
        return "none"
    if any(not patient.is_normal_node(part) for part in patient.parts(tracks, visit)):
        return "non-CR/non-PD"
    steps = [track.steps[visit] for track in tracks]
    return "NE" if any(step is not None and step.state == "not shown" for step in steps) else "CR"


def _compare_grids(patient: Patient, visit: int) -> list[str]:
    before, now = (patient.visits[n].grid for n in (visit - 1, visit))
    if np.allclose(before.steps, now.steps, rtol=1e-3):
        return []
    edges = [" x ".join(f"{s:.3g}" for s in grid.steps) for grid in (before, now)]
    return [
        f"its voxels are {edges[1]} mm, those of the visit before {edges[0]} mm: each visit is measured on its own "
        "grid, and other slices alone change what is measured; to be matched, lesions are resampled"
    ]


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
