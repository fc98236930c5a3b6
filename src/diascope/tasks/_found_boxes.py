"""One case's predicted boxes held against its reference boxes, and all cases' together."""

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.apply import DEFAULT_THRESHOLD
from diascope.core.boxes import edges
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.errors import RunError
from diascope.core.geometry import Geometry
from diascope.core.ports.metric import BoxScores
from diascope.core.ports.task import Table
from diascope.metrics._boxes import match

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Intersections over union of COCO's evaluation (Lin et al. 2014)."""
FOUND = {2: 0.5, 3: 0.1}
"""Overlap from which a reference box counts as found, by number of axes. In volumes a tenth, as in nnDetection
(Baumgartner et al. 2021): a finding has to be pointed at, and overlaps shrink with the third power."""
LISTED = ("label", "score", "hit", "found", "reference_label", "reference_edge", "reference_score")
"""Columns of the table of which a case has as many as boxes."""


def score_boxes(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return what each box is worth, as ``BoxScores`` names it; ``LISTED`` are objects that hold arrays.

    ``reference`` is ``(R, 2n + 1)``, ``prediction`` ``(D, 2n + 2)``: low, high, class (and score). Sizes are mm where
    the spacing is known, else voxels.
    """
    grid = grid_of(geometry)
    n = grid.ndim
    reference, prediction = rows(reference, 2 * n + 1), rows(prediction, 2 * n + 2)
    prediction = prediction[np.argsort(-prediction[:, -1], kind="stable")]
    label, score = prediction[:, -2].astype(np.intp), prediction[:, -1]
    own = reference[:, -1].astype(np.intp)
    levels = np.append(THRESHOLDS, FOUND[n])
    matched = np.full((len(prediction), len(levels)), -1, np.intp)
    for number in range(len(target.classes)):
        mine, theirs = np.flatnonzero(label == number), np.flatnonzero(own == number)
        place = match(reference[theirs, : 2 * n], prediction[mine, : 2 * n], levels)
        matched[mine] = np.where(place >= 0, np.append(theirs, -1)[place], -1)
    found_by = np.full(len(reference), np.nan)
    hits = np.flatnonzero(matched[:, -1] >= 0)
    found_by[matched[hits, -1]] = score[hits]
    cut = np.array([calibration.thresholds.get(name, DEFAULT_THRESHOLD) for name in target.classes])
    steps = np.array(grid.spacing_mm) if grid.spacing_mm else np.ones(n)
    listed = (
        *(label, score, matched[:, :-1] >= 0, matched[:, -1] >= 0),
        *(own, edges(reference[:, : 2 * n] * np.tile(steps, 2)), found_by),
    )
    return {name: _object(array) for name, array in zip(LISTED, listed, strict=True)} | {
        "references": np.bincount(own, minlength=len(cut)).astype(np.float64),
        "counts": np.bincount(label[score >= cut[label]], minlength=len(cut)).astype(np.float64),
        "right": np.bincount(own[found_by >= cut[own]], minlength=len(cut)).astype(np.float64),
        "cut": cut,
    }


def grid_of(geometry: Geometry | None) -> Geometry:
    """Return the grid that boxes lie on.

    Raises:
        RunError: there is no grid, so that nothing says which of a box's numbers are its corners.
    """
    if geometry is None:
        raise RunError("boxes came without the grid of their image", expected="its shape and affine", got="none")
    return geometry


def rows(boxes: NDArray, columns: int) -> NDArray[np.float64]:
    """Return boxes ``(N, columns)``; an empty answer that has been in a file has forgotten its shape."""
    return np.asarray(boxes, np.float64).reshape(-1, columns)


def _object(array: NDArray) -> NDArray:
    out = np.empty((), object)
    out[()] = array
    return out


def gather(table: Table) -> BoxScores:
    """Return all cases' boxes as a metric sees them."""
    number = len(table["references"])
    return BoxScores(
        classes=table["references"].shape[1],
        thresholds=THRESHOLDS,
        case=np.repeat(np.arange(number), [len(s) for s in table["score"]]),
        reference_case=np.repeat(np.arange(number), [len(s) for s in table["reference_label"]]),
        references=table["references"],
        counts=table["counts"],
        cut=table["cut"],
        weight=np.ones(number),
        label=_joined(table["label"]),
        score=_joined(table["score"]),
        hit=_joined(table["hit"]),
        found=_joined(table["found"]),
        reference_label=_joined(table["reference_label"]),
        reference_edge=_joined(table["reference_edge"]),
        reference_score=_joined(table["reference_score"]),
    )


def _joined(column: NDArray) -> NDArray:
    return np.concatenate(list(column)) if len(column) else np.zeros(0)
