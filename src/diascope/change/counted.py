"""Which lesions of a patient are new, others than the followed ones, or there again, by RECIST 1.1."""

from collections.abc import Sequence

from diascope.change.numbers import Patient
from diascope.change.track import Track


def other_lesions(patient: Patient, targets: Sequence[int]) -> list[Track]:
    """Return the first visit's lesions that are not followed; a node that was normal then is none of them."""
    return [track for n, track in enumerate(patient.tracks) if n not in targets and patient.is_counted(n, 0)]


def new_lesions(patient: Patient, visit: int) -> list[int]:
    """Return the lesions that count from this visit: new ones, equivocal ones that have grown, nodes once normal."""
    return [n for n, first in enumerate(patient.since) if visit and first == visit]


def reappeared(patient: Patient, visit: int, targets: Sequence[int]) -> list[int]:
    """Return the lesions that have reappeared: they had been gone, or were followed nodes that had become normal.

    A node has reappeared only where its short axis is 10 mm or more again (EORTC, RECIST questions and answers,
    abnormal lymph node); one that was not followed must have been gone.
    """
    found = []
    for number, track in enumerate(patient.tracks):
        step, before = (track.steps[n] if visit else None for n in (visit, visit - 1))
        if step is None or before is None or not patient.is_counted(number, visit - 1):
            continue
        was_gone = before.state != "not shown" and not is_there(patient, number, visit - 1)
        if was_gone and is_there(patient, number, visit) and (step.state == "back" or number in targets):
            found.append(number)
    return found


def is_there(patient: Patient, number: int, visit: int) -> bool:
    """Answer whether anything of a lesion is at a visit, other than a lymph node of normal size."""
    parts = patient.parts([patient.tracks[number]], visit)
    return any(not patient.is_normal_node(part) for part in parts)
