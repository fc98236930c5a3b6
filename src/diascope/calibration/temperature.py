"""One number that the logits are divided by, so that probabilities match frequencies."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

LIMITS = (0.05, 20.0)
"""Chosen here: beyond these the logits, not their scale, are wrong."""

PRIOR_DEVIATION = math.log(2)
"""Of the temperature's logarithm about 0 (chosen here): without evidence a factor of 2 is unlikely already."""


def fit_temperature(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with the most probable temperature; 1 without any reference.

    The negative log-likelihood of all cases is added to a normal prior on the temperature's logarithm about 0: many
    cases decide by themselves, few hardly move it, and a part that the network gets all right does not ask for
    certainty. So the fitted cases are never worse off than at 1. Missing labels add nothing.
    Source: Guo et al., ICML 2017, for the temperature; the prior is chosen here.
    """
    from scipy.optimize import minimize_scalar

    logits, reference = np.asarray(predictions, np.float64), np.asarray(references, np.float64)
    known = ~np.isnan(reference)
    if head.activation == "softmax":
        rows = known.all(axis=1)
        logits, reference, known = logits[rows], reference[rows], known[rows]
    if not known.any():
        return calibration
    loss = _softmax_loss if head.activation == "softmax" else _sigmoid_loss
    found = minimize_scalar(
        lambda log_t: loss(logits / math.exp(log_t), reference) + 0.5 * (log_t / PRIOR_DEVIATION) ** 2,
        bounds=(math.log(LIMITS[0]), math.log(LIMITS[1])),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return calibration.model_copy(update={"temperature": math.exp(cast(Any, found).x)})


def _softmax_loss(logits: NDArray, target: NDArray) -> float:
    from scipy.special import log_softmax

    return float(-(target * log_softmax(logits, axis=1)).sum())


def _sigmoid_loss(logits: NDArray, target: NDArray) -> float:
    return float(np.nansum(np.logaddexp(0, logits) - target * logits))
