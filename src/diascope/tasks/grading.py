"""Every case gets a grade of an ordered scale, and the range of grades that holds it in nine of ten new cases."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.conformal import LEVEL
from diascope.calibration.ordinal import grade_probabilities, grade_set
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.geometry import Geometry
from diascope.core.ports.samples import Numbers
from diascope.core.ports.task import Baseline, CaseView, Example, Head, Measure, Table, Task
from diascope.core.words import listing
from diascope.tasks._samples import measure_of, rounded
from diascope.tasks.regression import AS_MEASURED, HELD_BACK

MEASURED = (
    "quadratic_weighted_kappa",
    "mae",
    "exact_agreement",
    "within_one",
    "bias",
    "coverage",
    "interval_width",
)


def _head(target: Target) -> Head:
    """Return an output for each step of the scale; ``losses.cumulative_link`` says how they are read."""
    return Head(tuple(f"reaches {name}" for name in target.classes[1:]), "identity")


def _grades(target: Target, prediction: NDArray, calibration: Calibration) -> tuple[NDArray[np.float64], NDArray]:
    """Return the probability of each grade, and number, lowest and highest grade ``(3,)`` as places on the scale.

    The grade is the mean one, rounded: the most probable grade of a flat distribution jumps, the mean does not, and
    it is what quadratic-weighted kappa asks for. Lowest and highest are nan where no range could be fitted. A baseline
    gives probabilities, one for each grade, rather than outputs.
    """
    prediction = np.asarray(prediction, np.float64)
    if len(prediction) == len(target.classes):
        probability = prediction
    else:
        probability = grade_probabilities(prediction[None], calibration.temperature)[0]
    mean = float(probability @ np.arange(len(probability)))
    limit = calibration.numbers.get("grade_mass")
    ends = (np.nan, np.nan) if limit is None else grade_set(probability, limit[0])
    return probability, np.array([np.floor(mean + 0.5), *ends])


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return places on the scale, 0 for the lowest grade, ``(1,)`` each, and the probability of each grade ``(G,)``."""
    probability, (grade, low, high) = _grades(target, prediction, calibration)
    return {
        "reference": np.array([np.sum(np.asarray(reference, np.float64))]),
        "prediction": np.array([grade]),
        "low": np.array([low]),
        "high": np.array([high]),
        "probability": probability,
    }


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; missing references count nowhere."""
    return measure_of(Numbers.of(*(table[name][:, 0] for name in ("reference", "prediction", "low", "high"))), MEASURED)


def _judged(target: Target) -> tuple[str, ...]:
    return ("grade",)


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    known = ~np.isnan(table["reference"])
    return known & ~np.isnan(table["low"]) if metric in ("coverage", "interval_width") else known


def _named(target: Target, place: float) -> str | None:
    return None if np.isnan(place) else target.classes[int(place)]


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    places = {name: _named(target, table[name][row, 0]) for name in ("reference", "prediction", "low", "high")}
    off = rounded(table["prediction"][row, 0] - table["reference"][row, 0])
    return [{"class": "grade", **places, "grades_off": off}]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return minus the distance in grades, cases of one distance by the probability of the reference, ``(N,)``."""
    reference = table["reference"][:, 0]
    place = np.nan_to_num(reference).astype(int)
    given = np.take_along_axis(table["probability"], place[:, None], axis=1)[:, 0]
    ranked = given - np.abs(table["prediction"][:, 0] - reference)
    return np.where(np.isnan(reference), np.nan, ranked)


def _shares(target: Target, examples: Iterable[Example]) -> NDArray[np.float64]:
    """Return the share of each grade in the training part, smoothed by one case a grade (Laplace)."""
    counts = np.ones(len(target.classes))
    for example in examples:
        reference = np.asarray(example.reference)
        if not np.isnan(reference).any():
            counts[int(reference.sum())] += 1
    return counts / counts.sum()


def _fit_commonest(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what gives every case the commonest grade."""
    certain = np.eye(len(target.classes))[int(np.argmax(_shares(target, examples)))]
    return lambda example: certain


def _fit_median(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what gives every case the median grade."""
    shares = _shares(target, examples)
    certain = np.eye(len(shares))[int(np.searchsorted(shares.cumsum(), 0.5))]
    return lambda example: certain


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, Any]:
    """Return the grade with its range, and the probability of each grade."""
    probability, (grade, low, high) = _grades(target, prediction, calibration)
    ends = {f"low_{LEVEL:.0%}": _named(target, low), f"high_{LEVEL:.0%}": _named(target, high)}
    chances = {f"probability_{name}": rounded(p) for name, p in zip(target.classes, probability, strict=True)}
    return {"grade": _named(target, grade), **ends, **chances}


def _fitted_words(target: Target, calibration: Calibration) -> str:
    limit = calibration.numbers.get("grade_mass")
    temperature = f"Temperature {calibration.temperature:.3f} scales the log-odds of reaching a grade."
    if limit is None:
        return f"{temperature} No range of grades is told: {LEVEL:.0%} need nine held-back cases at least."
    return f"{temperature} A {LEVEL:.0%} range takes grades in until it holds a probability of {limit[0]:.3f}."


def _prefers(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    return {**AS_MEASURED, "loss.label_smoothing": (0.0, "it would move the chances of all grades towards the middle")}


def _confusion(target: Target, table: Table) -> str:
    from diascope.figures.confusion import confusion

    known = ~np.isnan(table["reference"][:, 0])
    places = (table[name][known, 0].astype(int) for name in ("reference", "prediction"))
    matrix = np.zeros((len(target.classes),) * 2)
    np.add.at(matrix, tuple(places), 1)
    return confusion(matrix, target.classes)


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_card

    reference, grade, low, high = (
        _named(target, float(view.scored[n][0])) for n in ("reference", "prediction", "low", "high")
    )
    lines = [f"reference: {reference or 'not known'}", f"prediction: {grade}"]
    if low is not None:
        lines.append(f"{LEVEL:.0%} range: {low}" if low == high else f"{LEVEL:.0%} range: {low} to {high}")
    return case_card(view.image, lines, view.geometry, film=view.film)


TASK = Task(
    name="grading",
    kinds=("grade",),
    sees="whole",
    answer="logits",
    head=_head,
    losses={"grade": "cumulative_link"},
    networks=("resnet",),
    metrics=MEASURED,
    fits=("grade_temperature", "grade_set"),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(Baseline("commonest_grade", _fit_commonest), Baseline("median_grade", _fit_median)),
    told=told,
    title=lambda target: f"Grading: {listing(target.classes, 6, 'or')}",
    purpose=lambda target: (
        f"tells which grade of the scale from {target.classes[0]} to {target.classes[-1]} an image shows, with the "
        f"range of grades that holds it in {LEVEL:.0%} of new cases,"
    ),
    ranked_by="Cases are ranked by how few grades the prediction is off, and then by the probability of the reference.",
    plots={"confusion": _confusion},
    picture=_picture,
    fitted_words=_fitted_words,
    held_back=HELD_BACK,
    prefers=_prefers,
)
