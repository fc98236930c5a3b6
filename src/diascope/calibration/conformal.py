"""Intervals that hold their stated coverage, whatever the model: split conformal prediction."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

LEVEL = 0.9
"""Share of cases whose reference an interval is to hold (chosen here, the usual one: nine cases are enough for it)."""


def conformal_quantile(scores: NDArray, level: float) -> float | None:
    """Return the score that a new, exchangeable case does not exceed with at least the chance ``level``.

    It is the ceil((n + 1) level)-th smallest of n scores; None where n is too small for any.
    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Lei et al., JASA 113, 2018.
    """
    rank = math.ceil((len(scores) + 1) * level - 1e-9)
    return float(np.sort(scores)[rank - 1]) if 0 < rank <= len(scores) else None


def fit_interval(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with ``numbers["half_width"]``, one for each output, in the target's unit.

    A prediction ± its half width holds the reference in ``LEVEL`` of new cases, if they are exchangeable with the
    fitted ones: of the same source, and not of the same patients among themselves. The guarantee is over all cases; it
    may not hold among cases of one sort. Too few cases: nothing is told.
    """
    error = np.abs(np.array([np.asarray(p, float) - r for p, r in zip(predictions, references, strict=True)]))
    if not error.size:
        return calibration
    widths = [conformal_quantile(column[~np.isnan(column)], LEVEL) for column in error.T]
    if None in widths:
        return calibration
    return calibration.model_copy(update={"numbers": {**calibration.numbers, "half_width": tuple(widths)}})
