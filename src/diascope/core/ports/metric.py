"""A metric: what it compares, and how its number is to be read."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.samples import Events, Numbers


@dataclass(frozen=True, eq=False)
class Scores:
    """What a metric over a set of cases sees; made by ``Scores.of``.

    A resample keeps the arrays and changes only the weights, so that nothing is sorted again a thousand times.

    Attributes:
        reference: ``(N, C)`` of 0 and 1, nan where missing.
        probability: ``(N, C)`` in 0..1, calibrated.
        decided: ``(N, C)`` bool: the class that the operating point picks (argmax where classes exclude each other
            and there are more than two).
        exclusive: each case has just one class.
        weight: ``(N,)`` how often each case counts: 1, or its number of draws in a resample.
        prepared: what ``once`` has kept.
    """

    reference: NDArray[np.float64]
    probability: NDArray[np.float64]
    decided: NDArray[np.bool_]
    exclusive: bool
    weight: NDArray[np.float64]
    prepared: dict[str, NDArray] = field(default_factory=dict)

    @classmethod
    def of(cls, reference: NDArray, probability: NDArray, decided: NDArray[np.bool_], *, exclusive: bool) -> "Scores":
        """Return the scores of cases that count once each."""
        probability = np.asarray(probability, np.float64)
        return cls(np.asarray(reference, np.float64), probability, decided, exclusive, np.ones(len(probability)))

    def take(self, index: NDArray[np.intp]) -> "Scores":
        """Return the same with each case counted as often as it stands in ``index``."""
        return replace(self, weight=np.bincount(index, minlength=len(self.reference)).astype(np.float64))

    def once(self, name: str, compute: Callable[["Scores"], NDArray]) -> NDArray:
        """Return an array that does not depend on the weights, computed for the first of all resamples only."""
        if name not in self.prepared:
            self.prepared[name] = compute(self)
        return self.prepared[name]

    @property
    def is_binary(self) -> bool:
        """Answer whether there is one question with two exclusive answers; the second class is the positive one."""
        return self.exclusive and self.reference.shape[1] == 2


@dataclass(frozen=True, eq=False)
class BoxScores:
    """What a metric over boxes sees: every predicted box of all cases, matched to the reference boxes of its case.

    Attributes:
        classes: C, how many there are.
        thresholds: ``(T,)`` of intersection over union.
        case, label, score: ``(D,)`` of each predicted box: its case's row, its class and its score.
        hit: ``(D, T)`` whether it is matched to a reference box of its class at each threshold.
        found: ``(D,)`` the same by the criterion of a finding, by which FROC and sensitivities are counted.
        references: ``(N, C)`` reference boxes of each case and class.
        reference_case, reference_label, reference_edge: ``(R,)`` of each reference box; the edge is the n-th root of
            its volume in voxels.
        reference_score: ``(R,)`` score of the box by which it is found; nan where it is not.
        counts: ``(N, C)`` predicted boxes that reach the operating point.
        cut: ``(N, C)`` operating point: the score from which a box counts.
        weight: ``(N,)`` how often each case counts: 1, or its number of draws in a resample.
        prepared: what ``once`` has kept.
    """

    classes: int
    thresholds: NDArray[np.float64]
    case: NDArray[np.intp]
    label: NDArray[np.intp]
    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    found: NDArray[np.bool_]
    references: NDArray[np.float64]
    reference_case: NDArray[np.intp]
    reference_label: NDArray[np.intp]
    reference_edge: NDArray[np.float64]
    reference_score: NDArray[np.float64]
    counts: NDArray[np.float64]
    cut: NDArray[np.float64]
    weight: NDArray[np.float64]
    prepared: dict[str, NDArray] = field(default_factory=dict)

    def take(self, index: NDArray[np.intp]) -> "BoxScores":
        """Return the same with each case counted as often as it stands in ``index``."""
        return replace(self, weight=np.bincount(index, minlength=len(self.references)).astype(np.float64))

    def once(self, name: str, compute: Callable[[], NDArray]) -> NDArray:
        """Return an array that does not depend on the weights, computed for the first of all resamples only."""
        if name not in self.prepared:
            self.prepared[name] = compute()
        return self.prepared[name]


MaskMetric = Callable[[NDArray[np.bool_], NDArray[np.bool_], tuple[float, ...] | None], float]
"""``(reference, prediction, spacing_mm) -> value`` of two masks ``(I, J[, K])``; nan where undefined."""

SetMetric = Callable[[Scores], tuple[float, NDArray[np.float64] | None]]
"""``scores -> (value, values (C,) of the classes or None)``; nan where undefined.

The value of a binary question is its positive class's, else the mean over the classes where it is defined.
"""

NumbersMetric = Callable[[Numbers], float]
"""``numbers -> value`` of values against values; nan where undefined."""

EventsMetric = Callable[[Events], float]
"""``events -> value`` of foretold risk and survival against times and events; nan where undefined."""


ScoreMetric = Callable[[NDArray, NDArray], float]
"""``(positives (B,), negatives (B,)) -> value`` of voxels counted in bins of rising score; nan where undefined."""


BoxesMetric = Callable[[BoxScores], tuple[float, NDArray[np.float64] | None]]
"""``scores -> (value, values (C,) of the classes or None)``; nan where undefined."""


@dataclass(frozen=True, eq=False)
class Matching:
    """Objects of reference and prediction, matched one to one in each case; what an ``instances`` metric sees.

    Two objects match where their IoU is above .5: no object can then have two partners (Kirillov et al. 2019).

    Attributes:
        reference, prediction: ``(N,)`` objects in each case, nan where it has no reference.
        matched: ``(N,)`` pairs that match; iou: ``(N,)`` the sum of their IoU.
        shared, joined: ``(N,)`` voxels of the aggregated Jaccard index's numerator and denominator.
        size: ``(N,)`` area in mm² or volume in mm³ of each image, nan where its spacing is unknown.
        weight: ``(N,)`` how often each case counts: 1, or its number of draws in a resample.
    """

    reference: NDArray[np.float64]
    prediction: NDArray[np.float64]
    matched: NDArray[np.float64]
    iou: NDArray[np.float64]
    shared: NDArray[np.float64]
    joined: NDArray[np.float64]
    size: NDArray[np.float64]
    weight: NDArray[np.float64]

    def take(self, index: NDArray[np.intp]) -> "Matching":
        """Return the same with each case counted as often as it stands in ``index``."""
        return replace(self, weight=np.bincount(index, minlength=len(self.weight)).astype(np.float64))

    def total(self, values: NDArray[np.float64]) -> float:
        """Return the weighted sum over cases, those that are nan left out; nan where all are."""
        return float("nan") if np.isnan(values).all() else float(self.weight @ np.nan_to_num(values))

    def mean(self, values: NDArray[np.float64]) -> float:
        """Return the weighted mean over the cases where it is defined; nan where that is none."""
        known = self.weight * ~np.isnan(values)
        return self.total(values) / float(known.sum()) if known.any() else float("nan")


InstanceMetric = Callable[[Matching], float]
"""``matching -> value`` over all cases; nan where undefined."""


@dataclass(frozen=True)
class Metric:
    """One metric; ``over`` says which of the signatures ``compute`` has.

    Attributes:
        compute: a ``MaskMetric``, ``SetMetric``, ``NumbersMetric``, ``EventsMetric``, ``ScoreMetric``,
            ``BoxesMetric`` or ``InstanceMetric``.
        title: for a report, such as ``Surface Dice at 1 mm``.
        unit: ``mm``, ``ml`` or empty.
        in_target_unit: the number is in the unit of what was asked for, whatever that is.
        bounds: the lowest and highest value possible.
        needs_spacing: undefined where the image's spacing is unknown.
        over_frames: it needs the frames of a clip as the last axis; of still images it is undefined and not told.
        explained: what it says to somebody who does not know it, for a report.
    """

    name: str
    title: str
    over: Literal["mask", "set", "numbers", "events", "score", "boxes", "instances"]
    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]
    compute: Callable[..., Any]
    needs_spacing: bool = False
    explained: str = ""
    in_target_unit: bool = False
    over_frames: bool = False

    def is_told(self, values: NDArray[np.float64]) -> bool:
        """Answer whether there is anything to tell of its values, of any shape: one over frames is mute on stills."""
        return not self.over_frames or not np.isnan(values).all()
