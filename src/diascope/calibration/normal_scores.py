"""What scores normal cases have that were not learned from: what is common, and from where a score is unusual."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.ports.task import Head

NUMBERS = "normal_scores"
"""Key in ``Calibration.numbers``: ``STEPS`` quantiles, evenly spaced from the lowest to the highest score."""
STEPS = 101
USUAL = 0.95
"""Share of normal cases that stay below the threshold (chosen here: one alarm in twenty normal cases)."""
FEWEST = 20
"""Normal cases below which no threshold is set (chosen here: of fewer than 20 no twentieth can be told)."""


def score_of(deviation: NDArray) -> float:
    """Return a case's score: the mean of its map ``(I, J[, K])``; voxels of 0 were cut off and do not count."""
    seen = np.asarray(deviation, np.float64)
    seen = seen[seen > 0]
    return float(seen.mean()) if seen.size else 0.0


def is_abnormal(reference: NDArray) -> float:
    """Return 1 for a case with anything abnormal, 0 for a normal one, nan where it is not known.

    ``reference`` is a label map, whose background is 0, or ``(1,)``.
    """
    reference = np.asarray(reference, np.float64)
    return float("nan") if np.isnan(reference).any() else float((reference > 0).any())


def fit_normal_scores(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with the scores of normal cases, and the threshold that most of them stay below.

    Abnormal cases are passed over, so that nothing is chosen by them; without normal ones nothing is fitted.
    """
    normal = [score_of(p) for p, r in zip(predictions, references, strict=True) if is_abnormal(r) == 0]
    if not normal:
        return calibration.model_copy(update={"cases": 0})
    quantiles = np.quantile(normal, np.linspace(0, 1, STEPS))
    thresholds = {head.outputs[0]: float(np.quantile(normal, USUAL))} if len(normal) >= FEWEST else {}
    numbers = {**calibration.numbers, NUMBERS: tuple(float(q) for q in quantiles)}
    return calibration.model_copy(update={"cases": len(normal), "numbers": numbers, "thresholds": thresholds})


def unusual_share(calibration: Calibration, score: float) -> float:
    """Return the share of normal cases that score lower, nan where nothing was fitted."""
    known = calibration.numbers.get(NUMBERS)
    if not known:
        return float("nan")
    return float(np.interp(score, known, np.linspace(0, 1, len(known))))
