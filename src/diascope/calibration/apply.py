"""Logits to probabilities to decisions."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

DEFAULT_THRESHOLD = 0.5
"""Where no operating point could be fitted: the more probable answer."""


def probabilities(calibration: Calibration, logits: NDArray, head: Head) -> NDArray[np.float64]:
    """Return calibrated probabilities ``(N, O)`` of logits ``(N, O)``."""
    from scipy.special import expit, softmax

    scaled = np.asarray(logits, np.float64) / calibration.temperature
    return softmax(scaled, axis=1) if head.activation == "softmax" else expit(scaled)


def decide(calibration: Calibration, probabilities: NDArray, head: Head) -> NDArray[np.bool_]:
    """Return which classes count as present, ``(N, O)``.

    More than two exclusive classes: the most probable one. A binary question: the positive (second) class from its
    threshold on, else the first. Labels that do not exclude each other: each from its own threshold on.
    """
    if head.activation == "softmax" and not head.is_binary:
        return probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1])
    if head.is_binary:
        positive = probabilities[:, 1] >= calibration.thresholds.get(head.outputs[1], DEFAULT_THRESHOLD)
        return np.stack([~positive, positive], axis=1)
    thresholds = [calibration.thresholds.get(name, DEFAULT_THRESHOLD) for name in head.outputs]
    return np.asarray(probabilities) >= np.asarray(thresholds)
