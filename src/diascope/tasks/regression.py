"""Every case gets a number in the target's unit, and an interval that holds the reference in nine of ten new cases."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.conformal import LEVEL
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.geometry import Geometry
from diascope.core.ports.samples import Numbers
from diascope.core.ports.task import Baseline, CaseView, Example, Head, Measure, Table, Task
from diascope.tasks._samples import measure_of, rounded

MEASURED = ("mae", "rmse", "r2", "bias", "coverage", "interval_width")

HELD_BACK = 0.2
"""Chosen here: with a tenth of 100 cases no interval of 90 % could be told at all (nine are the fewest)."""


def _head(target: Target) -> Head:
    return Head(("value",), "identity")


def _judged(target: Target) -> tuple[str, ...]:
    return _head(target).outputs


def _number_and_interval(prediction: NDArray, calibration: Calibration) -> NDArray[np.float64]:
    """Return number, lower and upper end ``(3,)``; the ends are nan where no interval could be fitted.

    A baseline tells its own interval behind its number.
    """
    prediction = np.asarray(prediction, np.float64)
    if len(prediction) == 3:
        return prediction
    half = calibration.numbers.get("half_width", (np.nan,))[0]
    return np.array([prediction[0], prediction[0] - half, prediction[0] + half])


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return reference, prediction and the ends of its interval, ``(1,)`` each, in the target's unit."""
    number, low, high = _number_and_interval(prediction, calibration)
    return {
        "reference": np.asarray(reference, np.float64),
        "prediction": np.array([number]),
        "low": np.array([low]),
        "high": np.array([high]),
    }


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; missing references count nowhere."""
    return measure_of(Numbers.of(*(table[name][:, 0] for name in ("reference", "prediction", "low", "high"))), MEASURED)


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    known = ~np.isnan(table["reference"])
    return known & ~np.isnan(table["low"]) if metric in ("coverage", "interval_width") else known


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    reference, prediction = table["reference"][row, 0], table["prediction"][row, 0]
    return [
        {
            "class": _judged(target)[0],
            "reference": rounded(reference),
            "prediction": rounded(prediction),
            "low": rounded(table["low"][row, 0]),
            "high": rounded(table["high"][row, 0]),
            "error": rounded(prediction - reference),
        }
    ]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return minus the distance from the reference, ``(N,)``."""
    return -np.abs(table["prediction"] - table["reference"])[:, 0]


def _fit_constant(middle: Callable[[NDArray], float]) -> Callable[[Target, Iterable[Example]], Any]:
    def fit(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
        """Return what tells the middle and the central 90 % of the training part's references for every case."""
        references = np.array([float(np.asarray(e.reference)[0]) for e in examples])
        known = references[~np.isnan(references)]
        if not known.size:
            return lambda example: np.zeros(1)
        ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        constant = np.array([middle(known), *ends])
        return lambda example: constant

    return fit


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, Any]:
    """Return the number with its interval and its unit."""
    number, low, high = (rounded(v) for v in _number_and_interval(prediction, calibration))
    return {"value": number, f"low_{LEVEL:.0%}": low, f"high_{LEVEL:.0%}": high, "unit": target.unit or ""}


def _fitted_words(target: Target, calibration: Calibration) -> str:
    half = calibration.numbers.get("half_width")
    if half is None:
        return f"No interval is told: {LEVEL:.0%} need nine held-back cases at least."
    unit = f" {target.unit}" if target.unit else ""
    return f"The {LEVEL:.0%} interval reaches {half[0]:.4g}{unit} to both sides of a prediction."


def _in_unit(target: Target) -> str:
    return f" in {target.unit}" if target.unit else ""


def _prefers(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    numbers = next((n for n in fingerprint.targets.values() if n.mean is not None), None)
    mean = 0.0 if numbers is None or numbers.mean is None else numbers.mean
    std = (numbers.std if numbers else None) or 1.0
    because = "of the training part: the network learns numbers of mean 0 and spread 1, its last step is this one"
    return {
        "network.output_mean": ([float(f"{mean:.6g}")], because),
        "network.output_std": ([float(f"{std:.6g}")], because),
        "loss.scale": (float(f"{std:.6g}"), "the spread of the training part: an error counts by its share of it"),
        **AS_MEASURED,
    }


AS_MEASURED: dict[str, tuple[Any, str]] = {
    "augment.scale": (0.0, "a size may be what is measured: an enlarged image would keep its number"),
    "augment.elastic": (0.0, "a shape may be what is measured: a deformed one would keep its number"),
    "augment.mixup": (0.0, "two cases laid over each other have no number between theirs"),
    "network.dropout": (
        0.0,
        "before the last layer it shifts numbers between training and prediction (Li et al. 2019)",
    ),
    "loss.label_smoothing": (0.0, "there are no classes to smooth"),
}
"""Decisions of the plan for everything that is read off an image on a scale."""


def _scatter(target: Target, table: Table) -> str:
    from diascope.figures.agreement import predicted_against_reference

    columns = (table[name][:, 0] for name in ("reference", "prediction", "low", "high"))
    return predicted_against_reference(*columns, unit=target.unit or "", level=LEVEL)


def _differences(target: Target, table: Table) -> str:
    from diascope.figures.agreement import bland_altman

    return bland_altman(table["reference"][:, 0], table["prediction"][:, 0], unit=target.unit or "")


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_card

    unit = f" {target.unit}" if target.unit else ""
    reference, number, low, high = (float(view.scored[n][0]) for n in ("reference", "prediction", "low", "high"))
    known = "not known" if np.isnan(reference) else f"{reference:.4g}{unit}"
    lines = [f"reference: {known}", f"prediction: {number:.4g}{unit}"]
    if np.isfinite(low):
        lines.append(f"{LEVEL:.0%} interval: {low:.4g} to {high:.4g}{unit}")
    return case_card(view.image, lines, view.geometry, film=view.film)


TASK = Task(
    name="regression",
    kinds=("value",),
    sees="whole",
    answer="logits",
    head=_head,
    losses={"value": "huber"},
    networks=("resnet",),
    metrics=MEASURED,
    fits=("interval",),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(
        Baseline("mean_value", _fit_constant(np.mean)),
        Baseline("median_value", _fit_constant(np.median)),
    ),
    told=told,
    title=lambda target: f"Regression: a number{_in_unit(target)}",
    purpose=lambda target: (
        f"tells a number{_in_unit(target)} with an interval that holds it in {LEVEL:.0%} of new cases"
    ),
    ranked_by="Cases are ranked by how near the prediction comes to the reference.",
    plots={"prediction": _scatter, "differences": _differences},
    picture=_picture,
    fitted_words=_fitted_words,
    held_back=HELD_BACK,
    prefers=_prefers,
)
