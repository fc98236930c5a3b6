"""What survival tells of a case, with and without a fitted baseline hazard."""

import numpy as np
import pytest

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.geometry import geometry_without_spacing
from diascope.core.ports.task import CaseView
from diascope.tasks.survival import TASK

TARGET = Target(kind="event", horizons=(12.0, 24.0), unit="months")
NOTHING = Calibration(fitted_on="a test", cases=5)
FITTED = NOTHING.model_copy(
    update={"numbers": {"slope": (1.0,), "centre": (1.0,), "hazard_times": (5.0, 20.0), "hazard": (0.1, 0.3)}}
)
OUTPUTS = np.log([3.0, 2.0])


def card(calibration: Calibration, prediction: np.ndarray) -> str:
    reference, geometry = np.array([30.0, 1.0]), geometry_without_spacing((16, 16))
    scored = TASK.score_case(TARGET, reference, prediction, None, calibration)
    view = CaseView("a", np.zeros((1, 16, 16)), reference, prediction, geometry, 0.5, scored=scored)
    assert TASK.picture is not None
    return TASK.picture(TARGET, view)


def test_hazard_against_the_average_is_told_where_an_average_was_fitted():
    told = TASK.told(TARGET, OUTPUTS, FITTED, None)
    assert told["relative_hazard"] == pytest.approx(5 / np.e, abs=1e-3)
    assert told["free_at_24 months"] == pytest.approx(np.exp(-0.3 * 5 / np.e), abs=1e-3)
    assert "times the average" in card(FITTED, OUTPUTS)


def test_no_hazard_against_an_average_is_told_where_nothing_was_fitted():
    told = TASK.told(TARGET, OUTPUTS, NOTHING, None)
    assert told == {"relative_hazard": None, "free_at_12 months": None, "free_at_24 months": None}
    assert "average" not in card(NOTHING, OUTPUTS)


def test_cases_are_still_ranked_by_the_networks_risk_where_nothing_was_fitted():
    risks = [
        TASK.score_case(TARGET, np.array([30.0, 1.0]), OUTPUTS + n, None, NOTHING)["risk"][0] for n in (0.0, 1.0, 2.0)
    ]
    assert risks == sorted(risks)
    assert np.isfinite(risks).all()
