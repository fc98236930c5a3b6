"""Findings are boxed, each with a class and a score."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.apply import DEFAULT_THRESHOLD
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.families import METRICS
from diascope.core.geometry import Geometry
from diascope.core.ports.task import Aggregate, CaseView, Head, Measure, Table, Task
from diascope.core.words import listing
from diascope.metrics._boxes import curve
from diascope.tasks._box_baselines import BASELINES
from diascope.tasks._found_boxes import gather, grid_of, rows, score_boxes

MEASURED = (
    "map50",
    "map50_95",
    "froc",
    "sensitivity_at_1",
    "sensitivity_small",
    "sensitivity_medium",
    "sensitivity_large",
    "count_error",
)
"""The first stands on top of the report."""

AXES = {2: ("y", "x"), 3: ("x", "y", "z")}
"""Names of an array's axes in tables: rows and columns of a picture; the axes of a volume as they are stored."""


def _head(target: Target) -> Head:
    return Head(target.classes, "sigmoid")


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; each class, then the mean over those with boxes."""
    scores = gather(table)
    metrics = {name: METRICS.load(name).compute for name in MEASURED}

    def measure(index: NDArray[np.intp]) -> Aggregate:
        picked = scores.take(index)
        return {name: compute(picked) for name, compute in metrics.items()}

    return measure


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    """Return which cases a value rests on: all, as a false finding counts in a case without a reference box too."""
    return np.ones(table["references"].shape, bool)


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "reference_boxes": int(table["references"][row, c]),
            "predicted_boxes": int(table["counts"][row, c]),
            "found": int(table["right"][row, c]),
            "from_score": float(table["cut"][row, c]),
        }
        for c, name in enumerate(target.classes)
    ]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return each case's F1 at the operating point over all classes, ``(N,)``; nan without reference and prediction."""
    total = (table["references"] + table["counts"]).sum(axis=1)
    return np.where(total > 0, 2 * table["right"].sum(axis=1) / np.maximum(total, 1), np.nan)


def told(
    target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None
) -> list[dict[str, Any]]:
    """Return a row for each box that reaches the operating point, best first; one row that says so where none does."""
    n = grid_of(geometry).ndim
    found = []
    for box in rows(prediction, 2 * n + 2):
        name, score = target.classes[int(box[-2])], float(box[-1])
        if score >= calibration.thresholds.get(name, DEFAULT_THRESHOLD):
            corners = {
                f"{axis}{end}": round(float(box[first + place]), 2)
                for first, end in ((0, "min"), (n, "max"))
                for place, axis in enumerate(AXES[n])
            }
            found.append({"finding": len(found) + 1, "class": name, "score": score, **corners})
    return found or [
        {"finding": 0, "class": "", "score": None, **{f"{a}{e}": None for e in ("min", "max") for a in AXES[n]}}
    ]


def _title(target: Target) -> str:
    return f"Detection of {listing(target.classes, 3)}"


def _purpose(target: Target) -> str:
    return f"finds {listing(target.classes)}, each with its box and a score,"


def _froc(target: Target, table: Table) -> str:
    from diascope.figures.boxes import froc_curves

    scores = gather(table)
    found = [curve(scores, label, scores.found) for label in range(scores.classes)]
    return froc_curves([(c.wrong / max(1, len(scores.weight)), c.recall) for c in found], target.classes)


def _precision_recall(target: Target, table: Table) -> str:
    from diascope.figures.boxes import box_precision

    scores = gather(table)
    found = [curve(scores, label, scores.hit[:, 0]) for label in range(scores.classes)]
    _, averages = METRICS.load("map50").compute(scores)
    return box_precision([(c.recall, c.precision) for c in found], target.classes, averages)


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.boxes import case_boxes

    n = view.geometry.ndim
    prediction = rows(view.prediction, 2 * n + 2)
    shown = prediction[prediction[:, -1] >= view.scored["cut"][prediction[:, -2].astype(int)]]
    return case_boxes(view.image, rows(view.reference, 2 * n + 1), shown[:, :-1], target.classes, view.geometry)


def _prefers(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    turned: dict[str, tuple[Any, str]] = {}
    mosaic = (1.0, "images put together of several ones show boxes in ever new company (Bochkovskiy et al. 2020)")
    if fingerprint.ndim == 3:
        mosaic = (0.0, "volumes put together of several ones hide where a large box ends (docs/lab-log.md)")
        turned = {"augment.rotate_deg": ([0.0] * 3, "of a long lesion that is turned the tight box is not known")}
    batch = 8 if fingerprint.ndim == 2 else 4
    return turned | {
        "batch.size": (batch, "few images a step, so that a short budget has many steps (chosen here, not compared)"),
        "augment.mosaic": mosaic,
        "augment.elastic": (0.0, "a box of what was bent is no longer tight"),
    }


TASK = Task(
    name="detection",
    kinds=("boxes",),
    sees="patches",
    answer="boxes",
    head=_head,
    losses={"boxes": "detection"},
    networks=("detector",),
    metrics=MEASURED,
    fits=("box_score",),
    judged=lambda target: target.classes,
    score_case=score_boxes,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=BASELINES,
    told=told,
    title=_title,
    purpose=_purpose,
    ranked_by="Cases are ranked by the F1 of their findings at the operating point.",
    plots={"froc": _froc, "precision_recall": _precision_recall},
    picture=_picture,
    prefers=_prefers,
    mirrors=True,
)
