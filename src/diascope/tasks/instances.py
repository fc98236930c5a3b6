"""Every object gets an outline of its own; with it come counts and densities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.families import METRICS
from diascope.core.geometry import Geometry
from diascope.core.instances import FIELDS, match_instances
from diascope.core.ports.metric import Matching
from diascope.core.ports.task import Aggregate, Baseline, CaseView, Head, Measure, Table, Task
from diascope.tasks._instance_baselines import fit_constant_count, fit_otsu_watershed

MEASURED = ("pq", "sq", "rq", "aji", "instance_count_error", "instance_density_error")
"""The first ranks the cases."""

MAPS = ("foreground", "depth", "contact")
"""What the network gives; ``losses/instances.py`` says what they are."""


def _head(target: Target) -> Head:
    return Head(MAPS, "sigmoid")


def _judged(target: Target) -> tuple[str, ...]:
    return ("objects",)


def _size_mm(geometry: Geometry | None) -> float:
    """Return an image's area in mm² or volume in mm³, nan where its spacing is unknown."""
    if geometry is None or geometry.spacing_mm is None:
        return float("nan")
    return float(np.prod(geometry.shape) * np.prod(geometry.spacing_mm))


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return what ``Matching`` needs of one case, ``()`` each.

    Both are instance maps on one grid; a prediction without axes is a count alone, which nothing can be matched with.
    """
    if prediction.ndim:
        found = match_instances(reference, prediction)
    else:
        found = dict.fromkeys(FIELDS, np.nan)
        found |= {"reference": float(len(np.unique(reference[reference != 0]))), "prediction": float(prediction)}
    return {name: np.array(value) for name, value in (found | {"size": _size_mm(geometry)}).items()}


def _matching(table: Table) -> Matching:
    return Matching(**{name: table[name] for name in (*FIELDS, "size")}, weight=np.ones(len(table["size"])))


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases that are picked."""
    every, metrics = _matching(table), {name: METRICS.load(name).compute for name in MEASURED}

    def measure(index: NDArray[np.intp]) -> Aggregate:
        picked = every.take(index)
        return {name: (compute(picked), None) for name, compute in metrics.items()}

    return measure


def _each(table: Table, metric: str) -> NDArray[np.float64]:
    """Return a metric of every case by itself, ``(N,)``."""
    every, compute = _matching(table), METRICS.load(metric).compute
    return np.array([compute(every.take(np.array([row]))) for row in range(len(every.weight))])


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    return ~np.isnan(_each(table, metric))[:, None]


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    """Return a case's metrics, None where undefined, its counts and, where the spacing is known, its densities."""
    one = _matching(table).take(np.array([row]))
    values = {name: METRICS.load(name).compute(one) for name in MEASURED}
    counts = {f"{part}_objects": int(table[part][row]) for part in ("reference", "prediction")}
    size = float(table["size"][row])
    densities = {f"{part}_density": float(table[part][row]) / size for part in ("reference", "prediction")}
    known = {name: None if np.isnan(v) else float(v) for name, v in (values | densities).items()}
    return [{"class": "objects"} | known | counts]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return each case's panoptic quality, ``(N,)``."""
    return _each(table, MEASURED[0])


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, Any]:
    """Return how many objects a case has, how dense they lie and how large their median is; in mm where known."""
    _, voxels = np.unique(prediction[prediction != 0], return_counts=True)
    row: dict[str, Any] = {"objects": len(voxels)}
    size = _size_mm(geometry)
    axes = prediction.ndim
    if not np.isnan(size):
        row[f"density_per_mm{axes}"] = len(voxels) / size
    voxel = size / prediction.size
    unit = "voxels" if np.isnan(size) else f"mm{axes}"
    if len(voxels):
        row[f"median_size_{unit}"] = float(np.median(voxels)) * (1.0 if np.isnan(size) else voxel)
    return row


def _scatter(target: Target, table: Table) -> str:
    from diascope.figures.instances import count_scatter

    return count_scatter(table["reference"], table["prediction"])


def _strip(target: Target, table: Table) -> str:
    from diascope.figures.spread import dice_strip

    return dice_strip({"objects": case_headline(target, table)}, x="Panoptic quality")


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.instances import instance_outline

    return instance_outline(view.image, view.reference, view.prediction, view.geometry)


TASK = Task(
    name="instances",
    kinds=("instances",),
    sees="patches",
    answer="instances",
    head=_head,
    losses={"instances": "instances"},
    networks=("unet",),
    metrics=MEASURED,
    fits=("instances",),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(
        Baseline("otsu_watershed", fit_otsu_watershed, looks_at_image=True),
        Baseline("constant_count", fit_constant_count),
    ),
    told=told,
    title=lambda target: "Objects, one by one",
    purpose=lambda target: "outlines and counts objects one by one",
    ranked_by="Cases are ranked by the panoptic quality of their objects.",
    plots={"counts": _scatter, "pq": _strip},
    picture=_picture,
)
