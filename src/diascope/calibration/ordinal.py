"""Chances of ordered grades from the outputs of a cumulative-link head, and sets of grades that hold their coverage."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.conformal import LEVEL, conformal_quantile
from diascope.calibration.temperature import LIMITS, PRIOR_DEVIATION
from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head


def grade_odds(outputs: NDArray) -> NDArray[np.float64]:
    """Return the log-odds of reaching each grade but the lowest, ``(N, O)``, falling along the scale.

    ``losses.cumulative_link`` says how the outputs are to be read.
    """
    outputs = np.asarray(outputs, np.float64)
    falls = np.logaddexp(0, outputs[:, 1:])
    return np.concatenate([outputs[:, :1], outputs[:, :1] - falls.cumsum(axis=1)], axis=1)


def grade_probabilities(outputs: NDArray, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the probability of each grade, ``(N, O + 1)``, for outputs ``(N, O)``."""
    from scipy.special import expit

    reached = expit(grade_odds(outputs) / temperature)
    edge = np.ones((len(reached), 1))
    return np.concatenate([edge, reached], axis=1) - np.concatenate([reached, edge * 0], axis=1)


def fit_grade_temperature(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with the temperature under which the references' grades are most probable.

    The prior of ``fit_temperature`` is added, for the reason given there; 1 without any reference.
    """
    from scipy.optimize import minimize_scalar

    outputs, grades = _known(predictions, references)
    if not len(grades):
        return calibration

    def loss(log_temperature: float) -> float:
        probability = grade_probabilities(outputs, math.exp(log_temperature))[np.arange(len(grades)), grades]
        return float(-np.log(np.clip(probability, 1e-12, None)).sum()) + 0.5 * (log_temperature / PRIOR_DEVIATION) ** 2

    limits = math.log(LIMITS[0]), math.log(LIMITS[1])
    found: Any = minimize_scalar(loss, bounds=limits, method="bounded", options={"xatol": 1e-5})
    return calibration.model_copy(update={"temperature": math.exp(float(found.x))})


def fit_grade_set(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with ``numbers["grade_mass"]``: up to which mass grades are told together.

    Each case's set grows from its most probable grade to the more probable neighbour; the mass held before the true
    grade joins is the case's score, and their conformal quantile is the limit. Too few cases: nothing is told.

    The temperature was fitted on the same cases, so they are no longer exchangeable with new ones and the coverage is
    not guaranteed but measured: with a temperature of other cases it is the same within .0002 (docs/lab-log.md), as one
    number that scales all odds hardly changes the order of the scores.
    Source: Lu, Angelopoulos and Pomerantz, MICCAI 2022, algorithm 1, without its random tie-breaking.
    """
    outputs, grades = _known(predictions, references)
    probability = grade_probabilities(outputs, calibration.temperature)
    scores = [mass_before(row)[grade] for row, grade in zip(probability, grades, strict=True)]
    limit = conformal_quantile(np.array(scores), LEVEL)
    if limit is None:
        return calibration
    return calibration.model_copy(update={"numbers": {**calibration.numbers, "grade_mass": (limit,)}})


def grade_set(probability: NDArray, limit: float) -> tuple[int, int]:
    """Return the lowest and highest grade told for one case's probabilities ``(G,)``."""
    told = np.flatnonzero(mass_before(probability) <= limit)
    return int(told[0]), int(told[-1])


def mass_before(probability: NDArray) -> NDArray[np.float64]:
    """Return for each grade the probability of those that join the growing set before it, ``(G,)``."""
    low = high = int(np.argmax(probability))
    before, mass = np.zeros(len(probability)), float(probability[low])
    while high - low + 1 < len(probability):
        down = probability[low - 1] if low else -1.0
        up = probability[high + 1] if high + 1 < len(probability) else -1.0
        low, high = (low - 1, high) if down > up else (low, high + 1)
        joined = low if down > up else high
        before[joined] = mass
        mass += float(probability[joined])
    return before


def _known(predictions: Sequence[NDArray], references: Sequence[NDArray]) -> tuple[NDArray, NDArray[np.intp]]:
    """Return outputs and number of the grade of the cases whose reference is known."""
    known = [(p, r) for p, r in zip(predictions, references, strict=True) if not np.isnan(r).any()]
    outputs = np.array([p for p, _ in known], np.float64)
    return outputs, np.array([int(np.sum(r)) for _, r in known], np.intp)
