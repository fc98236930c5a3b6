"""Fit what a task asks for, in the order in which it asks."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.baseline_hazard import fit_baseline_hazard
from diascope.calibration.box_score import fit_box_score
from diascope.calibration.conformal import fit_interval
from diascope.calibration.instances import fit_instances
from diascope.calibration.normal_scores import fit_normal_scores
from diascope.calibration.operating_point import fit_operating_point
from diascope.calibration.ordinal import fit_grade_set, fit_grade_temperature
from diascope.calibration.temperature import fit_temperature
from diascope.core.documents.calibration import Calibration
from diascope.core.errors import OptionError, nearest
from diascope.core.ports.task import Head

Step = Callable[[Calibration, Sequence[NDArray], Sequence[NDArray], Head], Calibration]
"""``(calibration so far, predictions, references, head) -> calibration`` with one thing more.

Predictions and references are arrays of each case, as ``Task.score_case`` takes them.
"""

STEPS: dict[str, Step] = {
    "temperature": fit_temperature,
    "operating_point": fit_operating_point,
    "interval": fit_interval,
    "grade_temperature": fit_grade_temperature,
    "grade_set": fit_grade_set,
    "baseline_hazard": fit_baseline_hazard,
    "normal_scores": fit_normal_scores,
    "box_score": fit_box_score,
    "instances": fit_instances,
}


def fit(
    fits: Sequence[str], predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head, *, fitted_on: str
) -> Calibration:
    """Return what ``fits`` names, fitted on cases that are neither trained on nor evaluated.

    Args:
        fits: names in ``STEPS``; a later step sees what an earlier one found.
        predictions: of each case, the network's own, such as logits ``(O,)``.
        references: of each case, as ``Kind.encode`` gives it, such as ``(O,)`` of 0 and 1, nan where missing.
        head: names of the network's outputs and whether they exclude each other.
        fitted_on: which cases these are, for the report.

    Raises:
        OptionError: a step has no such name.
    """
    known = sum(not np.isnan(r).all() if r.size else True for r in map(np.asarray, references))
    calibration = Calibration(fitted_on=fitted_on, cases=known)
    for name in fits:
        if name not in STEPS:
            raise OptionError(f"calibration cannot fit {name!r}", fix=nearest(name, STEPS))
        calibration = STEPS[name](calibration, predictions, references, head)
    return calibration


def nothing_fitted() -> Calibration:
    """Return the calibration that changes nothing: temperature 1, thresholds 0.5."""
    return Calibration(fitted_on="nothing", cases=0)
