"""Every case gets one class out of several, or several yes/no labels."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.apply import DEFAULT_THRESHOLD, decide, probabilities
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.families import KINDS, METRICS
from diascope.core.geometry import Geometry
from diascope.core.ports.metric import Scores
from diascope.core.ports.task import Aggregate, Baseline, CaseView, Example, Head, Measure, Table, Task
from diascope.core.words import listing

MEASURED = (
    "auroc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
    "f1",
    "sensitivity",
    "specificity",
    "brier",
    "ece",
)


def _is_exclusive(target: Target) -> bool:
    return KINDS.load(target.kind).is_exclusive


def _head(target: Target) -> Head:
    return Head(target.classes, "softmax" if _is_exclusive(target) else "sigmoid")


def _judged(target: Target) -> tuple[str, ...]:
    """Return the positive class of a binary question, which says all about the other one too; else every class."""
    return target.classes[1:] if _head(target).is_binary else target.classes


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return reference, calibrated probability, decision and threshold for each output, ``(O,)`` each.

    ``prediction`` holds the logits. Where classes exclude each other the threshold is nan, but for the positive class
    of a binary question.
    """
    head = _head(target)
    probability = probabilities(calibration, np.asarray(prediction)[None], head)
    asked = np.isin(target.classes, _judged(target)) & (head.is_binary or not _is_exclusive(target))
    thresholds = [calibration.thresholds.get(name, DEFAULT_THRESHOLD) for name in target.classes]
    return {
        "reference": np.asarray(reference, np.float64),
        "probability": probability[0],
        "decided": decide(calibration, probability, head)[0],
        "threshold": np.where(asked, thresholds, np.nan),
    }


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; missing references count nowhere."""
    scores = Scores.of(
        table["reference"], table["probability"], table["decided"].astype(bool), exclusive=_is_exclusive(target)
    )
    metrics = {name: METRICS.load(name).compute for name in MEASURED}
    first = len(target.classes) - len(_judged(target))

    def measure(index: NDArray[np.intp]) -> Aggregate:
        picked = scores.take(index)
        found = {name: compute(picked) for name, compute in metrics.items()}
        return {name: (value, None if classes is None else classes[first:]) for name, (value, classes) in found.items()}

    return measure


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    return ~np.isnan(_columns(target, table, "reference"))


def _columns(target: Target, table: Table, name: str) -> NDArray:
    """Return the columns of the judged classes."""
    return table[name][:, len(target.classes) - len(_judged(target)) :]


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    rows = []
    for column, name in enumerate(target.classes):
        reference = table["reference"][row, column]
        rows.append(
            {
                "class": name,
                "reference": None if np.isnan(reference) else int(reference),
                "probability": float(table["probability"][row, column]),
                "decided": int(table["decided"][row, column]),
            }
        )
    return rows


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return the probability given to what is true, ``(N,)``: of the right class, or the mean over a case's labels."""
    reference, probability = table["reference"], table["probability"]
    known = ~np.isnan(reference)
    if _is_exclusive(target):
        given = (np.nan_to_num(reference) * probability).sum(axis=1)
        return np.where(known.all(axis=1), given, np.nan)
    given = np.where(reference == 1, probability, 1 - probability)
    number = known.sum(axis=1)
    return np.where(number > 0, (given * known).sum(axis=1) / np.maximum(number, 1), np.nan)


def fit_majority(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what predicts the same logits for every case: those of the classes' shares in the training part.

    Shares are smoothed by one case a class (Laplace), so a class never seen keeps a finite logit.
    """
    seen = np.zeros((2, len(target.classes)))
    for example in examples:
        reference = np.asarray(example.reference)
        known = ~np.isnan(reference)
        seen += known * np.array([np.nan_to_num(reference) == 1, np.nan_to_num(reference) == 0])
    logits = np.log(seen[0] + 1) - (0.0 if _is_exclusive(target) else np.log(seen[1] + 1))
    return lambda example: logits


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, float]:
    """Return the calibrated probability of each class."""
    head = _head(target)
    values = probabilities(calibration, np.asarray(prediction)[None], head)[0]
    return {name: float(v) for name, v in zip(head.outputs, values, strict=True)}


def _title(target: Target) -> str:
    return f"Classification: {_listed(target.classes, target, most=3)}"


def _purpose(target: Target) -> str:
    if _is_exclusive(target):
        return f"says which class an image shows ({_listed(target.classes, target, most=6)})"
    return f"gives the probability of each of these findings: {_listed(target.classes, target, most=6)},"


def _listed(names: Sequence[str], target: Target, *, most: int) -> str:
    return listing(names, most, "or" if _is_exclusive(target) else "and")


def _curves(draw: str, *, marked: bool) -> Callable[[Target, Table], str]:
    def plot(target: Target, table: Table) -> str:
        from diascope.figures import curves

        columns = (_columns(target, table, name) for name in ("reference", "probability"))
        thresholds = _columns(target, table, "threshold")
        is_one = bool((thresholds == thresholds[:1]).all())  # pooled folds have each their own, and nan is none
        extra = {"thresholds": thresholds[0].tolist()} if marked and is_one else {}
        return getattr(curves, draw)(*columns, _judged(target), **extra)

    return plot


def _confusion(target: Target, table: Table) -> str:
    """Return decisions against references, empty for labels that do not exclude each other."""
    from diascope.figures.confusion import confusion

    if not _is_exclusive(target):
        return ""
    known = ~np.isnan(table["reference"]).any(axis=1)
    matrix = table["reference"][known].T @ table["decided"][known].astype(np.float64)
    return confusion(matrix, target.classes)


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_card

    given = [name for name, value in zip(target.classes, view.reference, strict=True) if value == 1]
    probable = sorted(zip(view.scored["probability"], target.classes, strict=True), reverse=True)[:3]
    known = "not known" if np.isnan(view.reference).all() else ", ".join(given) or "none"
    return case_card(
        view.image,
        [f"reference: {known}", *(f"{name}: {p:.1%}" for p, name in probable)],
        view.geometry,
        film=view.film,
    )


TASK = Task(
    name="classification",
    kinds=("class", "classes"),
    sees="whole",
    answer="logits",
    head=_head,
    losses={"class": "cross_entropy", "classes": "binary_cross_entropy"},
    networks=("resnet",),
    metrics=MEASURED,
    fits=("temperature", "operating_point"),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(Baseline("majority_class", fit_majority),),
    told=told,
    title=_title,
    purpose=_purpose,
    ranked_by="Cases are ranked by the probability that the model gave to what is true.",
    plots={
        "roc": _curves("roc_curves", marked=True),
        "precision_recall": _curves("pr_curves", marked=True),
        "reliability": _curves("reliability", marked=False),
        "confusion": _confusion,
    },
    picture=_picture,
)
