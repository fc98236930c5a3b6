"""Metrics of numbers, grades and events against scikit-learn, lifelines and plain sums."""

import numpy as np
import pandas
import pytest
from sklearn import metrics as sk

from diascope.core.families import METRICS
from diascope.core.kaplan_meier import censoring_curve, kaplan_meier
from diascope.core.ports.samples import Events, Numbers

lifelines = pytest.importorskip("lifelines", reason="the oracle of survival comes with the extra 'dev'")


def value(name: str, sample: Numbers | Events) -> float:
    return METRICS.load(name).compute(sample)


@pytest.fixture(params=range(3))
def pair(request) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    reference = rng.normal(60, 10, 300)
    return reference, 55 + 0.7 * (reference - 60) + rng.normal(0, 5, 300)


@pytest.fixture(params=range(3))
def grades(request) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    reference = rng.choice(5, 400, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    return reference, np.clip(reference + rng.integers(-1, 3, 400), 0, 4)


@pytest.fixture(params=range(3))
def followed(request) -> dict[str, np.ndarray]:
    """Return 250 cases with ties in time and in risk, 40 % of them censored or more."""
    rng = np.random.default_rng(request.param)
    risk = rng.normal(size=250).round(1)
    time = rng.exponential(20 * np.exp(-risk))
    censoring = rng.uniform(2, 40, 250)
    return {"time": np.minimum(time, censoring).round(0) + 1, "event": time <= censoring, "risk": risk}


def test_numbers_equal_sklearn(pair):
    numbers = Numbers.of(*pair)
    assert value("mae", numbers) == pytest.approx(sk.mean_absolute_error(*pair))
    assert value("rmse", numbers) == pytest.approx(sk.root_mean_squared_error(*pair))
    assert value("r2", numbers) == pytest.approx(sk.r2_score(*pair))
    assert value("bias", numbers) == pytest.approx(np.mean(pair[1] - pair[0]))


def test_quadratic_weighted_kappa_equals_sklearn(grades):
    numbers = Numbers.of(*grades)
    expected = sk.cohen_kappa_score(*grades, weights="quadratic")
    assert value("quadratic_weighted_kappa", numbers) == pytest.approx(expected)
    assert value("exact_agreement", numbers) == pytest.approx(sk.accuracy_score(*grades))


def test_concordance_equals_lifelines(followed):
    from lifelines.utils import concordance_index

    expected = concordance_index(followed["time"], -followed["risk"], followed["event"])
    assert value("c_index", Events.of(**followed)) == pytest.approx(expected, abs=1e-7)


def test_concordance_in_blocks_equals_concordance_at_once(followed, monkeypatch):
    from diascope.metrics import c_index

    at_once = value("c_index", Events.of(**followed))
    monkeypatch.setattr(c_index, "KEPT_PAIRS", 0)
    monkeypatch.setattr(c_index, "BLOCK", 7)
    assert value("c_index", Events.of(**followed)) == pytest.approx(at_once, abs=1e-12)


def test_survival_curve_and_its_limits_equal_lifelines(followed):
    time, event = followed["time"], followed["event"]
    fitter = lifelines.KaplanMeierFitter().fit(time, event)
    curve = kaplan_meier(time, event)
    low, high = curve.interval()
    expected = fitter.survival_function_at_times(curve.times).to_numpy()
    limits = fitter.confidence_interval_.loc[curve.times].to_numpy()
    inside = curve.survival > 0
    assert curve.survival == pytest.approx(expected)
    assert low[inside] == pytest.approx(limits[inside, 0], abs=1e-6)
    assert high[inside] == pytest.approx(limits[inside, 1], abs=1e-6)
    assert curve.at_risk == pytest.approx(fitter.event_table["at_risk"].loc[curve.times].to_numpy())


def test_censoring_curve_equals_lifelines_where_no_time_is_tied():
    rng = np.random.default_rng(4)
    time, event = rng.exponential(10, 200), rng.random(200) < 0.6
    fitter = lifelines.KaplanMeierFitter().fit(time, ~event)
    curve = censoring_curve(time, event)
    assert curve.survival == pytest.approx(fitter.survival_function_at_times(curve.times).to_numpy())


def test_auc_at_a_horizon_equals_sklearn_with_the_same_weights(followed):
    horizons = np.array([8.0, 15.0])
    uncensored = censoring_curve(followed["time"], followed["event"])
    areas = []
    for horizon in horizons:
        case = followed["event"] & (followed["time"] <= horizon)
        known = case | (followed["time"] > horizon) | ((followed["time"] == horizon) & ~followed["event"])
        weight = np.where(case, 1 / uncensored.before(followed["time"]), 1.0)[known]
        areas.append(sk.roc_auc_score(case[known], followed["risk"][known], sample_weight=weight))
    got = value("time_auc", Events.of(**followed, horizons=horizons))
    assert got == pytest.approx(np.mean(areas))


def documented_brier(time, event, free, horizon) -> float:
    """Return the formula of scikit-survival's ``brier_score``; the chance of no censoring is lifelines'.

    https://scikit-survival.readthedocs.io/en/latest/generated/sksurv.metrics.brier_score.html
    """
    uncensored = lifelines.KaplanMeierFitter().fit(time, ~event).survival_function_at_times
    had = (time <= horizon) & event
    of_case = np.where(had, 1 / uncensored(time).to_numpy(), (time > horizon) / float(uncensored(horizon).iloc[0]))
    return float(np.mean(of_case * (free - (time > horizon)) ** 2))


@pytest.mark.parametrize("horizon", [8.0, 15.0])
def test_brier_score_at_a_horizon_equals_scikit_survivals_formula_where_no_time_is_tied(followed, horizon):
    time = followed["time"] + np.arange(250) * 1e-4 + 1e-6
    free = np.exp(-np.exp(followed["risk"]) * horizon / 20)
    events = Events.of(time, followed["event"], followed["risk"], survival=free[:, None], horizons=np.array([horizon]))
    assert value("integrated_brier", events) == pytest.approx(documented_brier(time, followed["event"], free, horizon))


@pytest.mark.parametrize("name", ["integrated_brier", "time_auc"])
def test_cases_censored_at_the_horizon_count_as_free_as_those_censored_a_little_later_do(followed, name):
    horizons = np.array([8.0])
    time, event, risk = (followed[key].copy() for key in ("time", "event", "risk"))
    free = np.exp(-np.exp(risk) * 8 / 20)[:, None]
    tied = (time >= 8) & (np.arange(250) % 2 == 0)
    for share in (tied, time >= 8):  # some are followed on; everyone's study ends at the horizon
        event[share], time[share] = False, 8.0
        at, later = (Events.of(t, event, risk, survival=free, horizons=horizons) for t in (time, time + 1e-3 * share))
        assert value(name, at) == pytest.approx(value(name, later), abs=1e-12)


def test_study_that_ends_at_the_horizon_has_the_plain_squared_error():
    rng = np.random.default_rng(0)
    time, free = rng.exponential(10, 200), rng.random(200)
    event = time < 6
    sample = Events.of(np.minimum(time, 6), event, free, survival=free[:, None], horizons=np.array([6.0]))
    assert value("integrated_brier", sample) == pytest.approx(np.mean((free - ~event) ** 2))
    assert value("time_auc", sample) == pytest.approx(sk.roc_auc_score(event, free))


def test_horizon_that_nobody_was_followed_up_to_has_no_brier_score_and_no_auc():
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False])
    sample = Events.of(time, event, time, survival=np.full((4, 1), 0.5), horizons=np.array([5.0]))
    assert np.isnan(value("integrated_brier", sample))
    assert np.isnan(value("time_auc", sample))


def test_brier_score_without_censoring_is_the_mean_squared_error_over_time():
    rng = np.random.default_rng(0)
    time, horizons = rng.exponential(10, 100), np.array([2.0, 5.0, 12.0])
    survival = rng.random((100, 3))
    error = np.array([np.mean((survival[:, n] - (time > h)) ** 2) for n, h in enumerate(horizons)])
    events = Events.of(time, np.ones(100), np.zeros(100), survival=survival, horizons=horizons)
    assert value("integrated_brier", events) == pytest.approx(np.trapezoid(error, horizons) / 10)


def test_true_survival_has_a_lower_brier_score_than_any_constant_under_censoring():
    rng = np.random.default_rng(0)
    risk = rng.normal(size=4000)
    time, censoring = rng.exponential(10 * np.exp(-risk)), rng.uniform(0, 30, 4000)
    followed = (np.minimum(time, censoring), time <= censoring, risk)
    horizons = np.array([3.0, 6.0, 12.0])
    right = np.exp(-horizons / 10 * np.exp(risk)[:, None])
    whole = np.array([np.mean((right[:, n] - (time > h)) ** 2) for n, h in enumerate(horizons)])
    got = value("integrated_brier", Events.of(*followed, survival=right, horizons=horizons))
    assert got == pytest.approx(np.trapezoid(whole, horizons) / 9, abs=0.01)
    for constant in (0.3, 0.5, 0.7):
        other = Events.of(*followed, survival=np.full_like(right, constant), horizons=horizons)
        assert value("integrated_brier", other) > got
    assert value("horizon_calibration", Events.of(*followed, survival=right, horizons=horizons)) < 0.02


def test_baseline_hazard_and_slope_equal_lifelines(followed):
    from diascope.calibration.baseline_hazard import breslow, partial_likelihood

    time, event, risk = followed["time"] + np.arange(250) * 1e-6, followed["event"], followed["risk"]
    frame = pandas.DataFrame({"time": time, "event": event, "risk": risk})
    fitter = lifelines.CoxPHFitter().fit(frame, "time", "event")
    slope = float(fitter.params_["risk"])
    assert partial_likelihood(time, event, slope * risk) == pytest.approx(fitter.log_likelihood_, abs=1e-6)
    times, hazard = breslow(time, event, slope * (risk - risk.mean()))
    assert hazard == pytest.approx(fitter.baseline_cumulative_hazard_.loc[times].to_numpy()[:, 0], rel=1e-6)
