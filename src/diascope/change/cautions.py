"""What the rules of RECIST 1.1 leave to a reader, in whole sentences."""

import math
from collections.abc import Sequence

from diascope.change.counted import new_lesions, other_lesions, reappeared
from diascope.change.numbers import Patient, name_of
from diascope.measures._recist import MEASURABLE_MM, NODE_MEASURABLE_MM, NODE_NORMAL_MM, UNEQUIVOCAL_GROWTH, Seen

MEASURABLE_ML = math.pi / 6 * MEASURABLE_MM**3 / 1000
"""Volume of a sphere that RECIST can measure: growth of less is not pointed out."""
DOUBT = (
    f"; below {NODE_MEASURABLE_MM:.0f} mm that may be no true progression: where nothing else shows it, judge it again "
    "at the next visit"
)


def describe_cautions(patient: Patient, visit: int, targets: Sequence[int], seen: Sequence[Seen]) -> list[str]:
    """Return what a reader has to decide."""
    notes = [*_uncounted(patient, visit), *_node_cautions(patient, visit, targets)]
    others = other_lesions(patient, targets)
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
    """Return which lesions do not count: those that came and are small, and nodes of normal size when first seen."""
    there = [n for n, track in enumerate(patient.tracks) if patient.parts([track], visit)]
    # one that has merged with a lesion that counts is measured with that one
    alone = [n for n in there if not any(patient.is_counted(k, visit) for k in _one_with(patient, n, visit))]
    came_later = [n for n in alone if patient.tracks[n].steps[0] is None or not visit]
    nodes = [n for n in came_later if patient.is_node(patient.tracks[n].first)]
    small = ", ".join(name_of(n) for n in came_later if n not in nodes)
    normal = ", ".join(map(name_of, nodes))
    notes = [f"{small} would be new, but too small to be sure of: not counted as progression"] if small else []
    if normal:
        size = f"lymph node of normal size (short axis below {NODE_NORMAL_MM:.0f} mm)"
        why = (
            f"would be new, but is a {size}: not counted as progression" if visit else f"is a {size}: it does not count"
        )
        notes.append(f"{normal} {why}")
    return notes


def _one_with(patient: Patient, number: int, visit: int) -> tuple[int, ...]:
    step = patient.tracks[number].steps[visit]
    return (number, *(step.together_with if step else ()))


def _node_cautions(patient: Patient, visit: int, targets: Sequence[int]) -> list[str]:
    """Return what makes a lymph node count from this visit, and where that is not sure.

    From below 10 mm to little more may be no true progression; where nothing else shows it, it is judged again at the
    next visit, above all below 15 mm (EORTC, RECIST questions and answers, new lymph node lesions).
    """
    notes = []
    for n in [*new_lesions(patient, visit), *reappeared(patient, visit, targets)]:
        if not patient.is_node(patient.tracks[n].first):
            continue
        is_small = _short_mm(patient, n, visit) < NODE_MEASURABLE_MM
        notes.append(_why_it_counts(patient, n, visit) + (DOUBT if is_small else ""))
    return notes


def _why_it_counts(patient: Patient, number: int, visit: int) -> str:
    name, short = name_of(number), f"short axis of {_short_mm(patient, number, visit):.1f} mm"
    if patient.is_counted(number, visit - 1):
        return f"{name} was of normal size or gone at the visit before, and is a lymph node with a {short} now"
    before = max(_short_mm(patient, number, earlier) for earlier in range(visit))
    if before:
        return f"{name} is a lymph node that was of normal size ({before:.1f} mm): with a {short} it counts as new"
    return f"{name} is a new lymph node with a {short}"


def _short_mm(patient: Patient, number: int, visit: int) -> float:
    parts = patient.parts([patient.tracks[number]], visit)
    return max((part.axes.short_mm for part in parts), default=0.0)
