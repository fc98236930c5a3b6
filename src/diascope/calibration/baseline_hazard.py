"""From a risk to the chance of being free of the event at any time: Breslow's baseline hazard."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.temperature import LIMITS, PRIOR_DEVIATION
from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

MOST_STEPS = 200
"""Chosen here: times kept of the baseline hazard; more change no survival that can be read from a page."""


def log_risk(outputs: NDArray) -> NDArray[np.float64]:
    """Return the logarithm of the hazards summed over the intervals, ``(N,)``, of outputs ``(N, O)``."""
    from scipy.special import logsumexp

    return np.asarray(logsumexp(np.asarray(outputs, np.float64), axis=1))


def fit_baseline_hazard(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with ``numbers`` from which ``survival_at`` foretells.

    ``slope`` and ``centre``: what the log-risk is multiplied with, after taking the mean off, so that the partial
    likelihood of the fitted cases is highest (with ``fit_temperature``'s prior about 1: a network that is too sure of
    its order gets a slope below 1). ``hazard_times`` and ``hazard``: the cumulative baseline hazard after each event.
    Without any event nothing is told.
    """
    from scipy.optimize import minimize_scalar

    outputs, target = np.array(predictions, np.float64), np.array(references, np.float64)
    known = ~np.isnan(target).any(axis=1) if len(target) else np.zeros(0, bool)
    if not known.any() or not target[known, 1].any():
        return calibration
    time, event, risk = target[known, 0], target[known, 1] > 0, log_risk(outputs[known])
    centre = float(risk.mean())
    found: Any = minimize_scalar(
        lambda log: (
            -partial_likelihood(time, event, math.exp(log) * (risk - centre)) + 0.5 * (log / PRIOR_DEVIATION) ** 2
        ),
        bounds=(math.log(1 / LIMITS[1]), math.log(1 / LIMITS[0])),
        method="bounded",
        options={"xatol": 1e-5},
    )
    slope = math.exp(float(found.x))
    times, hazard = thin(*breslow(time, event, slope * (risk - centre)))
    numbers = {"slope": (slope,), "centre": (centre,), "hazard_times": tuple(times), "hazard": tuple(hazard)}
    return calibration.model_copy(update={"numbers": {**calibration.numbers, **numbers}})


def relative_risk(calibration: Calibration, outputs: NDArray) -> NDArray[np.float64]:
    """Return log-risks ``(N,)`` against that of the average fitted case.

    Where nothing was fitted they are as the network gives them: an order of cases, against nobody's risk.
    """
    numbers = calibration.numbers
    slope, centre = numbers.get("slope", (1.0,))[0], numbers.get("centre", (0.0,))[0]
    return slope * (log_risk(outputs) - centre)


def survival_at(calibration: Calibration, risk: NDArray, horizons: Sequence[float]) -> NDArray[np.float64]:
    """Return the chance of being free of the event after each horizon ``(N, H)`` for relative log-risks ``(N,)``.

    nan where nothing was fitted. Beyond the last fitted event the chance stays as it was there.
    """
    numbers = calibration.numbers
    if "hazard" not in numbers:
        return np.full((len(risk), len(horizons)), np.nan)
    place = np.searchsorted(numbers["hazard_times"], horizons, side="right")
    hazard = np.concatenate([[0.0], numbers["hazard"]])[place]
    return np.exp(-np.exp(np.asarray(risk, np.float64))[:, None] * hazard)


def breslow(time: NDArray, event: NDArray, risk: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the times of events, and the cumulative hazard after each of a case whose log-risk is 0.

    Source: Breslow, discussion of Cox, J. R. Stat. Soc. B 34, 1972.
    """
    times = np.unique(time[event])
    place = np.searchsorted(times, time, side="right")
    at_risk = np.bincount(place, np.exp(risk), minlength=len(times) + 1)[::-1].cumsum()[::-1][1:]
    return times, (np.bincount(place[event] - 1, minlength=len(times)) / at_risk).cumsum()


def partial_likelihood(time: NDArray, event: NDArray, risk: NDArray) -> float:
    """Return the logarithm of Cox's partial likelihood of log-risks ``(N,)``, equal times as Breslow treats them."""
    order = np.argsort(-time, kind="stable")
    total = np.logaddexp.accumulate(risk[order])
    last = np.searchsorted(-time[order], -time[order], side="right") - 1
    return float((risk[order] - total[last])[event[order]].sum())


def thin(times: NDArray, hazard: NDArray) -> tuple[list[float], list[float]]:
    """Return at most ``MOST_STEPS`` of the steps, evenly spread, the last one kept."""
    keep = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_STEPS)).round().astype(int))
    return times[keep].tolist(), hazard[keep].tolist()
