"""Every case gets a score and a map of how unlike normal cases it is; only normal cases are learned from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.normal_scores import NUMBERS, is_abnormal, score_of, unusual_share
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.families import METRICS
from diascope.core.geometry import Geometry
from diascope.core.ports.metric import Scores
from diascope.core.ports.task import Aggregate, Baseline, CaseView, Head, Measure, Table, Task
from diascope.core.words import listing
from diascope.tasks._residual import fit_residual

OUTPUT = "anomaly"
OVER_CASES = ("auroc", "average_precision", "sensitivity", "specificity")
OVER_VOXELS = "pixel_average_precision"
MEASURED = ("auroc", "average_precision", OVER_VOXELS, "sensitivity", "specificity")

BINS = 2048
LOWEST, HIGHEST = -6.0, 4.0
"""Decimal logarithms of the scores between which voxels are counted, in ``BINS`` bins: 1.1 % from one to the next, so
that a pooled curve needs no list of all voxels (chosen here)."""

MOST_EXAMPLES = 1000
"""Normal cases that the principal components are made of (chosen here: some seconds for small pictures)."""


def learns_from(target: Target, reference: NDArray) -> bool:
    """Answer whether a case is known to be normal."""
    return is_abnormal(reference) == 0


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return reference, score, threshold and the share of normal cases that score lower, ``()`` each.

    ``inside`` and ``outside`` ``(BINS,)`` count the voxels of a label map by their score; without one all are 0.
    """
    score = score_of(prediction)
    threshold = calibration.thresholds.get(OUTPUT, np.nan)
    inside, outside = _counts(np.asarray(reference), np.asarray(prediction))
    return {
        "reference": np.array(is_abnormal(reference)),
        "score": np.array(score),
        "unusual": np.array(unusual_share(calibration, score)),
        "threshold": np.array(threshold),
        "inside": inside,
        "outside": outside,
    }


def _counts(reference: NDArray, prediction: NDArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    if reference.shape != prediction.shape:
        return np.zeros(BINS, np.int32), np.zeros(BINS, np.int32)
    logs = np.log10(np.maximum(np.asarray(prediction, np.float64), 10**LOWEST))
    place = ((logs - LOWEST) / (HIGHEST - LOWEST) * BINS).astype(int).clip(0, BINS - 1)
    found = (np.bincount(place[part], minlength=BINS).astype(np.int32) for part in (reference > 0, reference == 0))
    return tuple(found)  # pyright: ignore[reportReturnType] — of two parts


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives each metric over the cases picked; cases of unknown reference count nowhere.

    Sensitivity and specificity are undefined without a threshold.
    """
    reference, score = (np.asarray(table[name], np.float64)[:, None] for name in ("reference", "score"))
    threshold = np.asarray(table["threshold"], np.float64)[:, None]
    scores = Scores.of(reference, score, score >= threshold, exclusive=False)
    decides = not np.isnan(threshold).any()
    over_cases = {name: METRICS.load(name).compute for name in OVER_CASES}
    over_voxels = METRICS.load(OVER_VOXELS).compute

    def measure(index: NDArray[np.intp]) -> Aggregate:
        picked = scores.take(index)
        found: Aggregate = {
            name: compute(picked) if decides or name in OVER_CASES[:2] else (float("nan"), np.array([np.nan]))
            for name, compute in over_cases.items()
        }
        inside, outside = (picked.weight @ table[name] for name in ("inside", "outside"))
        found[OVER_VOXELS] = (value := over_voxels(inside, outside), np.array([value]))
        return {name: found[name] for name in MEASURED}

    return measure


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    known = ~np.isnan(table["reference"])[:, None]
    if metric == OVER_VOXELS:
        return known & ((table["inside"] + table["outside"]).sum(axis=1) > 0)[:, None]
    return known & (~np.isnan(table["threshold"])[:, None] if metric in OVER_CASES[2:] else True)


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    reference, unusual, threshold = (table[name][row] for name in ("reference", "unusual", "threshold"))
    score = float(table["score"][row])
    return [
        {
            "class": OUTPUT,
            "reference": None if np.isnan(reference) else int(reference),
            "score": score,
            "more unusual than": None if np.isnan(unusual) else float(unusual),
            "decided": None if np.isnan(threshold) else int(score >= threshold),
        }
    ]


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return the share of the other kind's cases that each case is rightly above or below, ``(N,)``, ties half."""
    reference, score = table["reference"], np.asarray(table["score"], np.float64)
    found = np.full(len(score), np.nan)
    for kind, sign in ((1, 1.0), (0, -1.0)):
        others = np.sort(sign * score[reference == 1 - kind])
        own = reference == kind
        if others.size:
            sides = [np.searchsorted(others, sign * score[own], side) for side in ("left", "right")]
            found[own] = (sides[0] + sides[1]) / 2 / others.size
    return found


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, Any]:
    """Return the score, how many normal cases score lower, and whether it is beyond the threshold."""
    score, threshold = score_of(prediction), calibration.thresholds.get(OUTPUT)
    unusual = unusual_share(calibration, score)
    return {
        "score": score,
        "more unusual than": None if np.isnan(unusual) else unusual,
        "threshold": threshold,
        "anomalous": None if threshold is None else int(score >= threshold),
    }


def prefers(target: Target, fingerprint: Fingerprint) -> dict[str, tuple[Any, str]]:
    """Return which class is normal and which network looks for what is not."""
    because = (
        "distances to the normal cases most alike, which learn nothing by steps, told abnormal cases better than a "
        "reconstruction (docs/lab-log.md); autoencoder is the other choice"
    )
    found: dict[str, tuple[Any, str]] = {"network.name": ("memory", because)}
    if not target.values:
        others = listing(target.classes[1:])
        found["target.normal"] = (
            target.classes[0],
            f"found by its name, or set; {others or 'any other class'} counts as abnormal and is not learned from",
        )
    return found


def _normal(target: Target) -> str:
    return f"class {target.classes[0]}" if not target.values else "an empty mask"


def _plot_scores(target: Target, table: Table) -> str:
    from diascope.figures.scores import score_histogram

    thresholds = np.unique(table["threshold"])
    threshold = float(thresholds[0]) if len(thresholds) == 1 and np.isfinite(thresholds[0]) else None
    return score_histogram(table["score"], table["reference"], threshold=threshold)


def _curves(draw: str) -> Any:
    def plot(target: Target, table: Table) -> str:
        from diascope.figures import curves

        columns = (np.asarray(table[name], np.float64)[:, None] for name in ("reference", "score"))
        return getattr(curves, draw)(*columns, (OUTPUT,))

    return plot


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_heat

    reference, score, threshold, unusual = (
        float(view.scored[name]) for name in ("reference", "score", "threshold", "unusual")
    )
    known = "not known" if np.isnan(reference) else "abnormal" if reference else "normal"
    lines = [f"reference: {known}", f"score {score:.3g}"]
    if np.isfinite(threshold):
        lines.append(f"from {threshold:.3g} on a case counts as abnormal; {unusual:.0%} of normal cases score lower")
    marked = view.reference if view.reference.shape == view.prediction.shape else None
    limit = threshold if np.isfinite(threshold) else score
    return case_heat(view.image, view.prediction, lines, view.geometry, usual=limit, marked=marked)


TASK = Task(
    name="anomaly",
    kinds=("normality", "mask"),
    sees="whole",
    answer="score_map",
    head=lambda target: Head((OUTPUT,), "identity"),
    losses={"normality": "deviation", "mask": "deviation"},
    networks=("memory", "autoencoder"),
    metrics=MEASURED,
    fits=(NUMBERS,),
    judged=lambda target: (OUTPUT,),
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(Baseline("pca_residual", fit_residual, looks_at_image=True, most=MOST_EXAMPLES),),
    told=told,
    title=lambda target: f"Anomaly: what is unlike normal cases ({_normal(target)})",
    purpose=lambda target: f"says how unlike normal cases ({_normal(target)}) an image is, and where,",
    ranked_by="Cases are ranked by how many cases of the other kind their score lies on the right side of.",
    plots={
        "scores": _plot_scores,
        "roc": _curves("roc_curves"),
        "precision_recall": _curves("pr_curves"),
    },
    picture=_picture,
    learns_from=learns_from,
    prefers=prefers,
)
