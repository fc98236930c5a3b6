"""Every case gets a risk of the event, and its chance of being free of it at each horizon."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.baseline_hazard import relative_risk, survival_at
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.geometry import Geometry
from diascope.core.kaplan_meier import kaplan_meier
from diascope.core.ports.samples import Events
from diascope.core.ports.task import Baseline, CaseView, Example, Head, Measure, Table, Task
from diascope.tasks._samples import measure_of, rounded
from diascope.tasks.regression import AS_MEASURED, HELD_BACK

MEASURED = ("c_index", "time_auc", "integrated_brier", "horizon_calibration")


def _head(target: Target) -> Head:
    """Return an output for each interval that ends at a horizon: its log-hazard, as both losses read it."""
    return Head(tuple(f"until {horizon:g}" for horizon in target.horizons), "identity")


def _judged(target: Target) -> tuple[str, ...]:
    return ("event",)


def _risk_and_survival(
    target: Target, prediction: NDArray, calibration: Calibration
) -> tuple[float, NDArray[np.float64]]:
    """Return the log-risk against the average case, and the chance to be free of the event at each horizon ``(H,)``.

    A baseline that knows no image tells the same survival for all, ``(H + 1,)`` with a risk of 0 before it.
    """
    prediction = np.asarray(prediction, np.float64)
    if len(prediction) == len(target.horizons) + 1:
        return float(prediction[0]), prediction[1:]
    risk = relative_risk(calibration, prediction[None])
    return float(risk[0]), survival_at(calibration, risk, target.horizons)[0]


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return time, event (1, 0 censored) and risk, ``(1,)`` each, and the survival at the horizons ``(H,)``."""
    risk, survival = _risk_and_survival(target, prediction, calibration)
    time, event = np.asarray(reference, np.float64)
    return {"time": np.array([time]), "event": np.array([event]), "risk": np.array([risk]), "survival": survival}


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; cases without a time count nowhere."""
    columns = (table[name][:, 0] for name in ("time", "event", "risk"))
    horizons = np.array(target.horizons)
    return measure_of(Events.of(*columns, survival=table["survival"], horizons=horizons), MEASURED)


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    known = ~np.isnan(table["time"])
    return known & ~np.isnan(table["survival"][:, :1]) if metric in MEASURED[2:] else known


def _at(horizon: float, target: Target) -> str:
    return f"{horizon:g} {target.unit}" if target.unit else f"{horizon:g}"


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    event, survival = table["event"][row, 0], table["survival"][row]
    free = {f"free_at_{h:g}": rounded(s) for h, s in zip(target.horizons, survival, strict=True)}
    reference = {"time": rounded(table["time"][row, 0]), "event": None if np.isnan(event) else int(event)}
    return [{"class": "event", **reference, "log_risk": rounded(table["risk"][row, 0]), **free}]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return each case's own concordance ``(N,)``: the share of comparable others that its risk is ordered against.

    nan where it is comparable with none.
    """
    time, event, risk = (table[name][:, 0] for name in ("time", "event", "risk"))
    event = np.nan_to_num(event) > 0
    known = ~np.isnan(time)
    found = np.full(len(time), np.nan)
    for row in np.flatnonzero(known):
        later = known & event[row] & ((time > time[row]) | ((time == time[row]) & ~event))
        earlier = known & event & ((time < time[row]) | ((time == time[row]) & (not event[row])))
        score = 0.5 * (np.sign(risk[row] - risk[later]).sum() + np.sign(risk[earlier] - risk[row]).sum())
        pairs = later.sum() + earlier.sum()
        found[row] = 0.5 + score / pairs if pairs else np.nan
    return found


def _fit_constant(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what tells the training part's Kaplan-Meier survival for every case."""
    known = [r for r in (np.asarray(e.reference, np.float64) for e in examples) if not np.isnan(r).any()]
    times, events = np.array(known).reshape(-1, 2).T
    survival = kaplan_meier(times, events > 0).at(np.array(target.horizons))
    constant = np.concatenate([[0.0], survival])
    return lambda example: constant


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, Any]:
    """Return the hazard as a multiple of the average case's, and the chance to be free of the event at each horizon.

    None of both where no average and no survival was fitted: the network's own risk only ranks cases.
    """
    risk, survival = _risk_and_survival(target, prediction, calibration)
    hazard = rounded(float(np.exp(risk))) if np.isfinite(survival).any() else None
    free = {f"free_at_{_at(h, target)}": rounded(s) for h, s in zip(target.horizons, survival, strict=True)}
    return {"relative_hazard": hazard, **free}


def _fitted_words(target: Target, calibration: Calibration) -> str:
    slope = calibration.numbers.get("slope")
    if slope is None:
        return "No survival is told, only risks: none of the held-back cases had the event."
    return f"Log-risks are multiplied by {slope[0]:.3f}; the baseline hazard is Breslow's."


def _prefers(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    reason = "the ends of the intervals whose hazards are learned; of the target"
    return {**AS_MEASURED, "loss.horizons": (list(target.horizons), reason)}


def _curves(target: Target, table: Table) -> str:
    from diascope.figures.survival import survival_by_risk

    return survival_by_risk(*(table[name][:, 0] for name in ("time", "event", "risk")), unit=target.unit or "")


def _calibration(target: Target, table: Table) -> str:
    from diascope.figures.survival import calibration_at_horizon

    middle = len(target.horizons) // 2
    chance, horizon = 1 - table["survival"][:, middle], target.horizons[middle]
    time, event = table["time"][:, 0], table["event"][:, 0]
    return calibration_at_horizon(time, event, chance, horizon=horizon, unit=target.unit or "")


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_card

    time, event = float(view.scored["time"][0]), float(view.scored["event"][0])
    known = (
        "not known" if np.isnan(time) else f"{'event' if event else 'censored'} at {_at(float(f'{time:.4g}'), target)}"
    )
    middle = len(target.horizons) // 2
    hazard, free = float(np.exp(view.scored["risk"][0])), float(view.scored["survival"][middle])
    lines = [f"reference: {known}"]
    if np.isfinite(free):  # else nothing was fitted, and there is no average to compare with
        lines.append(f"hazard: {hazard:.2f} times the average")
        lines.append(f"free of the event at {_at(target.horizons[middle], target)}: {free:.0%}")
    return case_card(view.image, lines, view.geometry, film=view.film)


def _purpose(target: Target) -> str:
    horizons = [f"{h:g}" for h in target.horizons]
    unit = f" {target.unit}" if target.unit else ""
    return f"tells the risk of the event, and the chance to be free of it after {', '.join(horizons)}{unit},"


TASK = Task(
    name="survival",
    kinds=("event",),
    sees="whole",
    answer="logits",
    head=_head,
    losses={"event": "cox"},
    networks=("resnet",),
    metrics=MEASURED,
    fits=("baseline_hazard",),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(Baseline("constant_risk", _fit_constant),),
    told=told,
    title=lambda target: "Survival: the time until an event",
    purpose=_purpose,
    ranked_by="Cases are ranked by the share of others that their risk is ordered against as their times are.",
    plots={"survival_by_risk": _curves, "calibration_at_horizon": _calibration},
    picture=_picture,
    fitted_words=_fitted_words,
    held_back=HELD_BACK,
    prefers=_prefers,
)
