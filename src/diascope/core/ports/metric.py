"""A metric: what it compares, and how its number is to be read."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


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


MaskMetric = Callable[[NDArray[np.bool_], NDArray[np.bool_], tuple[float, ...] | None], float]
"""``(reference, prediction, spacing_mm) -> value`` of two masks ``(I, J[, K])``; nan where undefined."""

SetMetric = Callable[[Scores], tuple[float, NDArray[np.float64] | None]]
"""``scores -> (value, values (C,) of the classes or None)``; nan where undefined.

The value of a binary question is its positive class's, else the mean over the classes where it is defined.
"""


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
        compute: a ``MaskMetric``, a ``SetMetric`` or an ``InstanceMetric``.
        title: for a report, such as ``Surface Dice at 1 mm``.
        unit: ``mm``, ``ml`` or empty.
        bounds: the lowest and highest value possible.
        needs_spacing: undefined where the image's spacing is unknown.
        explained: what it says to somebody who does not know it, for a report.
    """

    name: str
    title: str
    over: Literal["mask", "set", "instances"]
    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]
    compute: Callable[..., Any]
    needs_spacing: bool = False
    explained: str = ""
