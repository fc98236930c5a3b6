"""One number that the logits are divided by, so that probabilities match frequencies."""

import math

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

LIMITS = (0.05, 20.0)
"""Chosen here: beyond these the logits, not their scale, are wrong."""


def fit_temperature(calibration: Calibration, logits: NDArray, reference: NDArray, head: Head) -> Calibration:
    """Return the calibration with the temperature of least negative log-likelihood; 1 without any reference.

    The outcome 1 of a class seen n times counts as (n + 1) / (n + C), as Platt smoothed it: a small validation part
    that the network gets all right would otherwise ask for a temperature of 0. Missing labels add nothing.
    Source: Guo et al., ICML 2017; Platt, Advances in Large Margin Classifiers, 1999, for the smoothing.
    """
    from scipy.optimize import minimize_scalar

    known = ~np.isnan(reference)
    if head.activation == "softmax":
        rows = known.all(axis=1)
        logits, reference, known = logits[rows], reference[rows], known[rows]
    if not known.any():
        return calibration
    smooth = _smooth_classes(reference) if head.activation == "softmax" else _smooth_labels(reference)
    loss = _softmax_loss if head.activation == "softmax" else _sigmoid_loss
    found = minimize_scalar(
        lambda log_t: loss(logits / math.exp(log_t), smooth),
        bounds=(math.log(LIMITS[0]), math.log(LIMITS[1])),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return calibration.model_copy(update={"temperature": math.exp(found.x)})


def _smooth_classes(reference: NDArray) -> NDArray:
    """Return one-hot rows with (n + 1) / (n + C) for the right class, the rest shared evenly."""
    classes = reference.shape[1]
    seen = (reference @ reference.sum(axis=0))[:, None]
    return reference * seen / (seen + classes) + 1.0 / (seen + classes)


def _smooth_labels(reference: NDArray) -> NDArray:
    """Return (n + 1) / (n + 2) for present and 1 / (n + 2) for absent, n counted for each label; nan stays."""
    present, absent = np.nansum(reference, axis=0), np.nansum(1 - reference, axis=0)
    smooth = np.where(reference == 1, (present + 1) / (present + 2), 1 / (absent + 2))
    return np.where(np.isnan(reference), np.nan, smooth)


def _softmax_loss(logits: NDArray, target: NDArray) -> float:
    from scipy.special import log_softmax

    return float(-(target * log_softmax(logits, axis=1)).sum(axis=1).mean())


def _sigmoid_loss(logits: NDArray, target: NDArray) -> float:
    return float(np.nanmean(np.logaddexp(0, logits) - target * logits))
