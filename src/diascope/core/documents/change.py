"""What has become of each patient's lesions from visit to visit."""

from typing import ClassVar, Literal

from diascope.core.documents.document import Document, Model

State = Literal["first", "kept", "merged", "split", "gone", "new", "equivocal", "back", "not shown"]


class Measured(Model):
    """A number with the bounds of its 95 % interval; None where undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class LesionVisit(Model):
    """One lesion at one visit.

    Attributes:
        visit: number of the visit, from 1.
        state: ``first`` at the first visit of the patient; ``equivocal`` is new and too small to be sure of, or
            a lymph node of normal size; ``not shown`` where the image does not reach it.
        parts: connected parts of the mask that it consists of; 0 where it is gone.
        together_with: lesions that are one with it in this mask; its numbers are then those of all of them together.
        overlap: shared volume with the visit before over the smaller volume, the least of its links; None without.
        volume_ml: 0 where it is gone, undefined where it is not shown.
        volume_change_percent: from the visit at which it was first seen.
        long_mm, short_mm: of its largest part, in the slices.
        recist_mm, recist_sd_mm: what it adds to the sum where it is followed: the sum over its parts of the longest
            diameter, or of the short axis of a node.
    """

    visit: int
    state: State
    parts: int
    together_with: tuple[str, ...] = ()
    overlap: float | None = None
    volume_ml: Measured
    volume_change_percent: Measured
    long_mm: float | None
    short_mm: float | None
    recist_mm: float | None
    recist_sd_mm: float | None


class Lesion(Model):
    """One lesion through all visits.

    Attributes:
        name: ``L1``, … in the order in which they were first seen, the largest first.
        class_: of the mask.
        organ: where known.
        is_node: measured by its short axis.
        is_target: followed by RECIST.
    """

    name: str
    class_: str
    organ: str | None = None
    is_node: bool = False
    is_target: bool = False
    visits: tuple[LesionVisit, ...]


class Moved(Model):
    """How the patient lies, compared with the visit before; RAS+.

    Attributes:
        alignment: the kind that was kept.
        shift_mm: of the middle of the earlier image; None, as are the next, where the images were not aligned.
        distance_mm, turn_degrees: length of that, and the angle of the rigid turn about it.
        correlation: of the images' values for each kind that was tried; None where too little is shown by both.
        not_aligned: why nothing is known of the motion; None where it was measured, also as none.
    """

    alignment: str
    shift_mm: tuple[float, float, float] | None
    distance_mm: float | None
    turn_degrees: float | None
    correlation: dict[str, float | None]
    not_aligned: str | None = None


class VisitChange(Model):
    """All of a patient at one visit.

    Attributes:
        number, label, day: from 1; what it is called unless that is a date; days since the first visit where known.
        volume_ml: of all lesions.
        volume_change_percent: of that, from the first visit.
        sum_mm: RECIST's sum of diameters.
        sum_from_first_percent, sum_from_smallest_percent, sum_from_smallest_mm: its change.
        target, others, response: categories of the followed lesions, of the others, and of all.
        probability: share of draws of the followed lesions' diameters, by their error of measurement, that give each
            category; which lesions there are is taken as found.
        new: names of lesions that count as new from this visit: that came and are not equivocal, and lymph nodes that
            are no longer normal.
        moved: None at the first visit.
        notes: what had to be decided, in whole sentences.
    """

    number: int
    case: str
    label: str
    day: int | None
    volume_ml: Measured
    volume_change_percent: Measured
    sum_mm: Measured
    sum_from_first_percent: float | None
    sum_from_smallest_percent: float | None
    sum_from_smallest_mm: float | None
    target: str | None
    others: str
    response: str | None
    probability: dict[str, float]
    new: tuple[str, ...]
    moved: Moved | None
    notes: tuple[str, ...] = ()


class PatientChange(Model):
    """One patient; ``number`` counts from 1 and is no identity."""

    number: int
    visits: tuple[VisitChange, ...]
    lesions: tuple[Lesion, ...]
    notes: tuple[str, ...] = ()


class Change(Document):
    """``OUT/change.json``.

    Attributes:
        target: the mask target that holds the lesions.
        lesions, nodes: classes that are lesions, and which of them are lymph nodes.
        diameter_error, volume_error: standard deviation of one measurement, as a share of it.
        alignment: the last kind that was tried.
        refused: case → why it takes no part.
    """

    SCHEMA: ClassVar[str] = "diascope.change/1"
    dataset: str
    target: str
    lesions: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    diameter_error: float
    volume_error: float
    alignment: str
    patients: tuple[PatientChange, ...]
    refused: dict[str, str] = {}
