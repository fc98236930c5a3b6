"""Volumes and diameters of followed lesions with their uncertainty, as the document holds them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from diascope.change.reading import Found, VisitData, Wish
from diascope.change.track import Step, Track
from diascope.core.documents.change import Lesion, LesionVisit, Measured
from diascope.measures._recist import EQUIVOCAL_MM, NODE_NORMAL_MM, Diameter

Z95 = 1.959964
"""Half the width of a 95 % interval in standard deviations."""

OUTLINE_VOXELS = 0.5
"""Standard deviation of a diameter from drawing it on voxels. Measured on ellipses of known size with axis ratios
of 1, 1.3, 2 and 3, 100 of each: root mean square .76, .49, .35 and .33 voxels."""


@dataclass(frozen=True, eq=False)
class Patient:
    """A patient's visits and lesions, and by which errors they are measured."""

    visits: tuple[VisitData, ...]
    tracks: tuple[Track, ...]
    wish: Wish
    nodes: tuple[str, ...]

    def parts(self, tracks: Iterable[Track], visit: int) -> list[Found]:
        """Return what some lesions consist of at a visit, each connected part once."""
        steps = [track.steps[visit] for track in tracks]
        numbers = sorted({part for step in steps if step is not None for part in step.parts})
        return [self.visits[visit].found[number] for number in numbers]

    def is_node(self, found: Found) -> bool:
        """Answer whether a lesion is measured by its short axis."""
        return found.class_ in self.nodes

    def diameter(self, found: Found) -> Diameter:
        """Return what one part adds to the sum, with the standard deviation of its measurement."""
        is_node = self.is_node(found)
        value = found.axes.short_mm if is_node else found.axes.long_mm
        sd = math.hypot(self.wish.diameter_error * value, OUTLINE_VOXELS * found.plane_mm)
        return Diameter(value, sd, is_node)

    def volume(self, parts: Sequence[Found]) -> tuple[float, float]:
        """Return the volume of some parts in ml with its standard deviation; errors of parts are independent."""
        total = sum(part.lesion.volume_ml for part in parts)
        variance = sum(
            (self.wish.volume_error * part.lesion.volume_ml) ** 2 + part.lesion.counting_ml**2 for part in parts
        )
        return total, math.sqrt(variance)

    def is_normal_node(self, found: Found) -> bool:
        """Answer whether one part is a lymph node whose short axis is normal (sections 3.1 and 4.2)."""
        return self.is_node(found) and found.axes.short_mm < NODE_NORMAL_MM

    @cached_property
    def since(self) -> tuple[int | None, ...]:
        """Return for each lesion from which visit on it counts as disease, None where it never does.

        A lymph node counts from the visit at which it is no longer normal, also where it was there before: "when a node
        increases in size so that the short axis is >= 10 mm then the criteria for being considered malignant have been
        met" (EORTC, RECIST questions and answers, new lymph node lesions). Any other lesion counts from the first
        visit, one that came later from ``EQUIVOCAL_MM`` (section 4.3.5). What has merged with a lesion that counts is
        measured with that one (section 4.3.2), so it does not count anew.
        """
        since: list[int | None] = [None] * len(self.tracks)
        for visit in range(len(self.visits)):
            known = {id(part) for part in self.parts(self._counted(since), visit)}
            for number, track in enumerate(self.tracks):
                own = [part for part in self.parts([track], visit) if id(part) not in known]
                if since[number] is None and any(self._counts(part, visit) for part in own):
                    since[number] = visit
        return tuple(since)

    def _counted(self, since: Sequence[int | None]) -> list[Track]:
        return [track for track, first in zip(self.tracks, since, strict=True) if first is not None]

    def _counts(self, found: Found, visit: int) -> bool:
        if self.is_node(found):
            return not self.is_normal_node(found)
        return visit == 0 or found.axes.long_mm >= EQUIVOCAL_MM

    def is_counted(self, number: int, visit: int) -> bool:
        """Answer whether a lesion counts as disease at a visit, or did before it."""
        first = self.since[number]
        return first is not None and first <= visit


def amount(value: float, sd: float) -> Measured:
    """Return a number that is not negative with its 95 % interval."""
    return Measured(value=value, low=max(0.0, value - Z95 * sd), high=value + Z95 * sd)


def change_of(before: tuple[float, float], after: tuple[float, float]) -> Measured:
    """Return the change in % between two volumes, each with its standard deviation.

    The interval is that of the ratio's logarithm, by propagation of independent errors, so it stays above -100 %. What
    is gone has changed by -100 % without an interval; from nothing there is no change in %.
    """
    (v0, s0), (v1, s1) = before, after
    if v0 <= 0:
        return Measured(value=None)
    if v1 <= 0:
        return Measured(value=-100.0)
    spread = math.exp(Z95 * math.hypot(s0 / v0, s1 / v1))
    low, middle, high = (100 * (v1 / v0 * factor - 1) for factor in (1 / spread, 1.0, spread))
    return Measured(value=middle, low=low, high=high)


def describe_lesion(patient: Patient, number: int, *, is_target: bool) -> Lesion:
    """Return one lesion through all visits."""
    track = patient.tracks[number]
    visits = [_at_visit(patient, number, n, step) for n, step in enumerate(track.steps) if step is not None]
    return Lesion(
        name=name_of(number),
        class_=track.first.class_,
        organ=track.first.organ,
        is_node=patient.is_node(track.first),
        is_target=is_target,
        visits=tuple(visits),
    )


def name_of(number: int) -> str:
    """Return a lesion's name by its number from 0."""
    return f"L{number + 1}"


def _at_visit(patient: Patient, number: int, visit: int, step: Step) -> LesionVisit:
    track, parts = patient.tracks[number], patient.parts([patient.tracks[number]], visit)
    if step.state == "not shown":
        nothing = Measured(value=None)
        return LesionVisit(
            visit=visit + 1, state="not shown", parts=0, volume_ml=nothing, volume_change_percent=nothing,
            long_mm=None, short_mm=None, recist_mm=None, recist_sd_mm=None,
        )  # fmt: skip
    volume = patient.volume(parts)
    first = _first_volume(patient, [number, *step.together_with])
    largest = max(parts, key=lambda part: part.axes.long_mm, default=None)
    diameters = [patient.diameter(part) for part in parts]
    state = "equivocal" if step.state == "new" and not patient.is_counted(number, visit) else step.state
    return LesionVisit(
        visit=visit + 1,
        state=state,
        parts=len(parts),
        together_with=tuple(name_of(n) for n in step.together_with),
        overlap=step.overlap,
        volume_ml=amount(*volume) if parts else Measured(value=0.0),
        volume_change_percent=Measured(value=None) if _is_first(track, visit) else change_of(first, volume),
        long_mm=largest.axes.long_mm if largest else 0.0,
        short_mm=largest.axes.short_mm if largest else 0.0,
        recist_mm=sum((d.value_mm for d in diameters), 0.0),
        recist_sd_mm=math.hypot(*(d.sd_mm for d in diameters)),
    )


def _is_first(track: Track, visit: int) -> bool:
    return all(step is None for step in track.steps[:visit])


def _first_volume(patient: Patient, numbers: Sequence[int]) -> tuple[float, float]:
    """Return what some lesions measured together, each at the visit at which it was first seen."""
    parts: list[Found] = []
    for number in numbers:
        steps = patient.tracks[number].steps
        first = next(n for n, step in enumerate(steps) if step is not None)
        parts += [part for part in patient.parts([patient.tracks[number]], first) if part not in parts]
    return patient.volume(parts)
