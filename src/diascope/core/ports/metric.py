"""A metric: what it compares, and how its number is to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """What a metric over a set of cases sees.

    Attributes:
        reference: ``(N, C)`` of 0 and 1, nan where missing.
        probability: ``(N, C)`` in 0..1, calibrated.
        decided: ``(N, C)`` bool: the class that the operating point picks (argmax where classes exclude each other
            and there are more than two).
        exclusive: each case has just one class.
    """

    reference: NDArray[np.float64]
    probability: NDArray[np.float64]
    decided: NDArray[np.bool_]
    exclusive: bool

    def take(self, index: NDArray[np.intp]) -> "Scores":
        """Return the same for some cases, repeated ones too."""
        return Scores(self.reference[index], self.probability[index], self.decided[index], self.exclusive)


MaskMetric = Callable[[NDArray[np.bool_], NDArray[np.bool_], tuple[float, ...] | None], float]
"""``(reference, prediction, spacing_mm) -> value`` of two masks ``(I, J[, K])``; nan where undefined."""

SetMetric = Callable[[Scores], tuple[float, NDArray[np.float64] | None]]
"""``scores -> (value, value of each class or None)``; nan where undefined."""


@dataclass(frozen=True)
class Metric:
    """One metric; ``over`` says which of the two signatures ``compute`` has.

    Attributes:
        title: for a report, such as ``Surface Dice at 1 mm``.
        unit: ``mm``, ``ml`` or empty.
        bounds: the lowest and highest value possible.
        needs_spacing: undefined where the image's spacing is unknown.
    """

    name: str
    title: str
    over: Literal["mask", "set"]
    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]
    compute: MaskMetric | SetMetric
    needs_spacing: bool = False
