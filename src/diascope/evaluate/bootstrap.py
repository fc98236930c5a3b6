"""Percentile intervals by resampling whole patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.task import Aggregate, Measure

RESAMPLES, QUICK_RESAMPLES = 1000, 200
"""A 95 % percentile interval asks for about 1000 (Efron and Tibshirani 1993, chapter 13)."""

MOST_CELLS = 50_000_000
"""Chosen here: cases x classes x resamples, about five seconds of one core; the intervals of a set so large are narrow
and steady, so that fewer resamples do."""

LEAST_DEFINED = 0.5
"""Chosen here: share of the resamples in which a metric must be defined for its interval to be given."""


@dataclass(frozen=True, eq=False)
class Interval:
    """A number, its interval, and those of the classes.

    Attributes:
        value: nan where undefined; ci95: None where there is none.
        class_values: ``(C,)``, class_ci95: one for each; both empty where the metric has no classes.
    """

    value: float
    ci95: tuple[float, float] | None
    class_values: NDArray[np.float64]
    class_ci95: tuple[tuple[float, float] | None, ...]


def group_rows(patients: Sequence[str | None]) -> tuple[list[NDArray[np.intp]], bool]:
    """Return the rows of each unit that is resampled, and whether the units are patients.

    They are where any patient is known; a case without a patient is then a patient of its own.
    """
    units: dict[object, list[int]] = {}
    for row, patient in enumerate(patients):
        units.setdefault(("case", row) if patient is None else patient, []).append(row)
    return [np.array(rows) for rows in units.values()], any(p is not None for p in patients)


def count_resamples(cells: int, *, quick: bool) -> int:
    """Return how often to resample a table of ``cells`` numbers (cases x classes).

    Example:
        >>> count_resamples(624 * 2, quick=False), count_resamples(5000 * 14, quick=False)
        (1000, 714)
    """
    if quick:
        return QUICK_RESAMPLES
    return max(QUICK_RESAMPLES, min(RESAMPLES, MOST_CELLS // max(cells, 1)))


def draw_resamples(units: Sequence[NDArray[np.intp]], number: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return the rows of ``number`` resamples: as many units as there are, drawn with replacement, all rows of each."""
    if all(len(rows) == 1 for rows in units):
        rows = np.concatenate(units)
        return [rows[rng.integers(0, len(rows), len(rows))] for _ in range(number)]
    return [np.concatenate([units[i] for i in rng.integers(0, len(units), len(units))]) for _ in range(number)]


def compute_intervals(measured: Aggregate, resampled: Sequence[Aggregate]) -> dict[str, Interval]:
    """Return each metric with the 2.5th and 97.5th percentile of its resampled values."""
    return {
        name: _interval(value, classes, [one[name] for one in resampled]) for name, (value, classes) in measured.items()
    }


def subtract(model: Aggregate, baseline: Aggregate) -> Aggregate:
    """Return model minus baseline, metric by metric; nan where either is undefined."""
    difference: Aggregate = {}
    for name, (value, classes) in model.items():
        other, other_classes = baseline[name]
        paired = None if classes is None or other_classes is None else classes - other_classes
        difference[name] = (value - other, paired)
    return difference


def measure_all(measure: Measure, resamples: Sequence[NDArray[np.intp]]) -> list[Aggregate]:
    """Return the metrics of every resample."""
    return [measure(index) for index in resamples]


def _interval(
    value: float, classes: NDArray[np.float64] | None, resampled: list[tuple[float, NDArray[np.float64] | None]]
) -> Interval:
    ci95 = _percentiles(value, np.array([one for one, _ in resampled]))
    if classes is None:
        return Interval(value, ci95, np.array([]), ())
    columns = np.array([found for _, found in resampled]).reshape(len(resampled), len(classes))
    return Interval(value, ci95, classes, tuple(_percentiles(v, c) for v, c in zip(classes, columns.T, strict=True)))


def _percentiles(value: float, resampled: NDArray[np.float64]) -> tuple[float, float] | None:
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value) or known.size == 0 or known.size < LEAST_DEFINED * resampled.size:
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
