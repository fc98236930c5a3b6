"""RECIST 1.1: which lesions are followed, and what their sum of diameters says, with how sure that is.

Source: Eisenhauer et al. 2009, New response evaluation criteria in solid tumours: revised RECIST guideline (version
1.1), Eur J Cancer 45:228-247. Sections are named where a rule stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MEASURABLE_MM = 10.0
"""Longest diameter that a lesion must have to be measured (section 3.1; CT slices no thicker than 5 mm)."""
NODE_MEASURABLE_MM, NODE_NORMAL_MM = 15.0, 10.0
"""Short axis from which a lymph node is measured, and below which it is normal (section 3.1)."""
MOST_TARGETS, MOST_OF_AN_ORGAN = 5, 2
"""Lesions that are followed, in all and in one organ (section 4.2)."""
PARTIAL_SHARE, PROGRESS_SHARE, PROGRESS_MM = 0.30, 0.20, 5.0
"""Decrease from the first sum; increase from the smallest sum, as a share and in mm (section 4.3.1)."""
THICKEST_MM = 5.0
"""Slices no thicker than this make ``MEASURABLE_MM`` valid; for thicker ones it is twice their thickness (3.1)."""
EQUIVOCAL_MM = 5.0
"""A new lesion that is shorter is equivocal: it is named and no progression (section 4.3.5 leaves small ones to the
next visit without a size; 5 mm is what section 4.3.2 writes down for a lesion too small to measure). A lymph node is
held against ``NODE_NORMAL_MM`` instead."""
UNEQUIVOCAL_GROWTH = 0.73
"""Increase in volume that is like 20 % in diameter: from it on other lesions may have progressed (section 4.3.4)."""

DRAWS = 20_000
"""Draws of all diameters by which the probability of a category is found: its own error is below .4 %."""

Category = Literal["CR", "PR", "SD", "PD", "NE", "non-CR/non-PD", "no disease"]
Others = Literal["CR", "non-CR/non-PD", "NE", "none"]
_CATEGORIES: tuple[Category, ...] = ("CR", "PR", "SD", "PD", "NE", "non-CR/non-PD", "no disease")
_CR, _PR, _SD, _PD, _NE, _NON, _NONE = range(7)


@dataclass(frozen=True)
class Candidate:
    """A lesion of the first visit that may be followed; ``organ`` is None where unknown."""

    long_mm: float
    short_mm: float
    is_node: bool = False
    organ: str | None = None


def is_measurable(lesion: Candidate, slice_mm: float = 1.0) -> bool:
    """Answer whether a lesion of the first visit is large enough to be measured.

    Args:
        lesion: with its diameters.
        slice_mm: distance of the slices that it was measured in.
    """
    if lesion.is_node:
        return lesion.short_mm >= NODE_MEASURABLE_MM
    return lesion.long_mm >= (MEASURABLE_MM if slice_mm <= THICKEST_MM else 2 * slice_mm)


def choose_targets(lesions: Sequence[Candidate], slice_mm: float = 1.0) -> list[int]:
    """Return the numbers of the lesions to follow: the longest measurable ones, few in all and in an organ.

    Lesions whose organ is not known are limited only in all. Nodes count as one organ (section 4.2).
    """
    chosen: list[int] = []
    size = [lesion.short_mm if lesion.is_node else lesion.long_mm for lesion in lesions]
    for number in sorted(range(len(lesions)), key=lambda n: (-size[n], n)):
        organ = "lymph node" if lesions[number].is_node else lesions[number].organ
        same = [n for n in chosen if organ == ("lymph node" if lesions[n].is_node else lesions[n].organ)]
        has_room = organ is None or len(same) < MOST_OF_AN_ORGAN
        if len(chosen) < MOST_TARGETS and has_room and is_measurable(lesions[number], slice_mm):
            chosen.append(number)
    return sorted(chosen)


@dataclass(frozen=True)
class Diameter:
    """One part of the sum, with the standard deviation of its measurement."""

    value_mm: float
    sd_mm: float
    is_node: bool = False


@dataclass(frozen=True)
class Seen:
    """What one visit shows.

    Attributes:
        targets: diameters of the followed lesions that are there; a lesion that is gone has none, one that has split
            several, and two that have merged one together (section 4.3.2).
        is_complete: every followed lesion could be looked for; else the sum is a part of it.
        others: what the lesions that are not followed do together.
        has_new: an unequivocal new lesion was found.
        has_reappeared: a lesion is there that the visit before did not show.
    """

    targets: tuple[Diameter, ...]
    is_complete: bool = True
    others: Others = "none"
    has_new: bool = False
    has_reappeared: bool = False


@dataclass(frozen=True)
class Judged:
    """What follows from it.

    Attributes:
        sum_mm, sum_sd_mm: of the followed lesions; nan where one could not be looked for.
        from_first_percent, from_smallest_percent, from_smallest_mm: change of the sum; nan where undefined (first
            visit, nothing followed, or a sum of 0 before).
        target: category of the followed lesions alone.
        response: category of all, None at the first visit.
        probability: of each category that the measurement errors allow, the most probable first; new and other lesions
            are taken as they were found.
    """

    sum_mm: float
    sum_sd_mm: float
    from_first_percent: float
    from_smallest_percent: float
    from_smallest_mm: float
    target: Category | None
    response: Category | None
    probability: dict[str, float]


def judge(visits: Sequence[Seen], *, seed: int = 0) -> list[Judged]:
    """Return what each visit says, the first one being the baseline.

    The smallest sum so far, the first one included, is the reference for progression, the first sum that for partial
    response (section 4.3.1). The probabilities come from drawing every diameter anew from a normal distribution around
    what was measured, at all visits, and applying the rules to each draw.
    """
    rng = np.random.default_rng(seed)
    exact = [np.array([[d.value_mm for d in v.targets]]) for v in visits]
    drawn = [_draw(v.targets, rng) for v in visits]
    measured, possible = _follow(visits, exact), _follow(visits, drawn)
    judged = []
    for number, visit in enumerate(visits):
        target, response = (codes[number] for codes in measured)
        counts = np.bincount(possible[1][number], minlength=len(_CATEGORIES)) / len(possible[1][number])
        order = sorted(range(len(_CATEGORIES)), key=lambda c, share=counts: -share[c])
        shares = {_CATEGORIES[c]: float(counts[c]) for c in order if counts[c] > 0} if number else {}
        sums = [float(e.sum()) if v.is_complete else np.nan for e, v in zip(exact, visits, strict=True)]
        judged.append(
            Judged(
                sums[number],
                float(np.sqrt(sum(d.sd_mm**2 for d in visit.targets))) if visit.is_complete else np.nan,
                *_changes(sums, number, has_targets=bool(visits[0].targets)),
                _CATEGORIES[target[0]] if number and visits[0].targets else None,
                _CATEGORIES[response[0]] if number else None,
                shares,
            )
        )
    return judged


def _draw(targets: Sequence[Diameter], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return draws of some diameters ``(DRAWS, T)``."""
    values, spread = [d.value_mm for d in targets], [d.sd_mm for d in targets]
    return np.maximum(0, rng.normal(values, spread, (DRAWS, len(targets))))


def _changes(sums: Sequence[float], number: int, *, has_targets: bool) -> tuple[float, float, float]:
    """Return the change of the sum from the first and the smallest one before, both in %, and the latter in mm."""
    if not (number and has_targets):
        return np.nan, np.nan, np.nan
    smallest = np.nanmin(sums[:number])
    step = sums[number] - smallest
    share = 100 * step / smallest if smallest > 0 else np.nan
    return 100 * (sums[number] - sums[0]) / sums[0], float(share), float(step)


def _follow(
    visits: Sequence[Seen], diameters: Sequence[NDArray[np.float64]]
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.intp]]]:
    """Return the code of the followed lesions' and of the overall category, ``(D,)`` for each visit.

    Args:
        visits: in time.
        diameters: of each visit ``(D, T)``, D draws of its T diameters.
    """
    draws = len(diameters[0])
    first = smallest = diameters[0].sum(axis=1)
    targets, responses = [np.full(draws, _NE)], [np.full(draws, _NE)]
    for visit, values in zip(visits[1:], diameters[1:], strict=True):
        total = values.sum(axis=1)
        code = _target_code(visit, values, first, smallest)
        response = np.array([_combine(c, visit, has_targets=bool(visits[0].targets)) for c in range(len(_CATEGORIES))])
        answer = response[code]
        if not visits[0].targets and visits[0].others == "none" and not visit.has_new:
            answer = np.full(draws, _NONE)
        if visit.has_reappeared:
            answer = np.where(responses[-1] == _CR, _PD, answer)  # RECIST working group, questions and answers
        targets.append(code)
        responses.append(answer)
        if visit.is_complete:
            smallest = np.minimum(smallest, total)
    return targets, responses


def _target_code(
    visit: Seen, values: NDArray[np.float64], first: NDArray[np.float64], smallest: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the followed lesions' category for each draw (section 4.3.1); a part of the sum can only show progress."""
    total, nodes = values.sum(axis=1), np.array([d.is_node for d in visit.targets], bool)
    is_gone = (nodes | (values == 0)).all(axis=1) & (~nodes | (values < NODE_NORMAL_MM)).all(axis=1)
    grows = (total - smallest >= PROGRESS_MM) & (total - smallest >= PROGRESS_SHARE * smallest)
    code = np.full(len(total), _SD)
    code[total <= (1 - PARTIAL_SHARE) * first] = _PR
    code[grows] = _PD
    if not visit.is_complete:
        return np.where(grows, _PD, _NE)
    code[is_gone] = _CR
    return code


def _combine(target: int, visit: Seen, *, has_targets: bool) -> int:
    """Return the overall category (section 4.4, tables 1 and 2)."""
    if visit.has_new:
        return _PD
    if not has_targets:
        return {"CR": _CR, "non-CR/non-PD": _NON, "NE": _NE, "none": _NE}[visit.others]
    if target == _CR and visit.others in {"non-CR/non-PD", "NE"}:
        return _PR
    return target
