"""Simple finders of boxes that a detector is held against."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.box_score import count_threshold
from diascope.core.boxes import overlaps
from diascope.core.documents.dataset import Target
from diascope.core.ports.task import Baseline, Example
from diascope.tasks._found_boxes import FOUND, rows

MOST_EXAMPLES = 40
"""Training images that thresholds are chosen on (chosen here: some seconds of the budget)."""
QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995)
"""Of all training voxels: where thresholds are tried."""
FALSE_A_CASE = 1.0
"""False findings a case at which the thresholds' sensitivities are compared."""
MOST_REGIONS = 100
THINNED = 4
"""Of so many voxels along each axis one is taken for the quantiles."""
Predict = Callable[[Example], NDArray]


def _fit_typical(target: Target, examples: Iterable[Example]) -> Predict:
    """Return what predicts for every case the median number of each class's boxes, where and as training has them.

    The median is the constant guess whose counts are wrong by the least.
    """
    counts: list[NDArray] = []
    boxes: dict[int, list[NDArray]] = {}
    for example in examples:
        if example.reference is None or example.geometry is None:
            continue
        n, shape = example.geometry.ndim, np.array(example.geometry.shape)
        found = rows(example.reference, 2 * n + 1)
        labels = found[:, -1].astype(np.intp)
        counts.append(np.bincount(labels, minlength=len(target.classes)))
        for label, box in zip(labels, found[:, : 2 * n] / np.tile(shape, 2), strict=True):
            boxes.setdefault(int(label), []).append(box)
    typical = np.median(counts, axis=0).round().astype(int) if counts else np.zeros(len(target.classes), int)
    chosen = {c: [some[int(i)] for i in np.linspace(0, len(some) - 1, typical[c])] for c, some in boxes.items()}

    def predict(example: Example) -> NDArray:
        shape = example.geometry.shape if example.geometry else (1, 1)
        scaled = [[*(box * np.tile(shape, 2)), c, 1.0] for c, some in chosen.items() for box in some]
        return rows(np.array(scaled), 2 * len(shape) + 2)

    return predict


def _fit_threshold(target: Target, examples: Iterable[Example]) -> Predict:
    """Return what finds the connected regions above a threshold (or below one), the largest sums first.

    For each class the threshold and the side are taken at which the training images have the highest sensitivity at
    one false finding a case.
    """
    some = [e for e in examples if e.image is not None and e.reference is not None]
    values = np.concatenate(
        [_plane(e)[(slice(None, None, THINNED),) * _plane(e).ndim].ravel() for e in some] or [np.zeros(1)]
    )
    tried = [(sign, float(t)) for sign in (1, -1) for t in np.unique(np.quantile(sign * values, QUANTILES))]
    best: dict[int, tuple[float, int, float, float]] = {}
    for sign, threshold in tried:
        found = [_regions(_plane(e), sign, threshold) for e in some]
        for label in range(len(target.classes)):
            value = _sensitivity(some, found, label)
            if value > best.get(label, (-1.0, 1, 0.0, 1.0))[0]:
                best[label] = value, sign, threshold, _count_cut(some, found, label)

    def predict(example: Example) -> NDArray:
        if example.image is None:
            return np.zeros((0, 6))
        plane = _plane(example)
        parts = []
        for label, (_, sign, threshold, cut) in best.items():
            found = _regions(plane, sign, threshold)
            found[:, -1] /= found[:, -1] + cut  # a score of one half is where counts were best
            parts.append(np.insert(found, 2 * plane.ndim, label, axis=1))
        return rows(np.concatenate(parts or [np.zeros(0)]), 2 * plane.ndim + 2)

    return predict


def _plane(example: Example) -> NDArray:
    """Return the image's mean over its channels ``(I, J[, K])``."""
    return np.zeros((1, 1)) if example.image is None else np.asarray(example.image, np.float32).mean(axis=0)


def _regions(plane: NDArray, sign: int, threshold: float) -> NDArray:
    """Return the largest regions beyond a threshold ``(N, 2n + 1)``: low, high, and the sum of what lies beyond it."""
    from scipy.ndimage import find_objects, label
    from scipy.ndimage import sum as sum_labels

    excess = sign * plane - threshold
    regions = np.empty(plane.shape, np.int32)
    label(excess > 0, structure=np.ones((3,) * plane.ndim, bool), output=regions)
    slices = find_objects(regions)
    if not slices:
        return np.zeros((0, 2 * plane.ndim + 1))
    sums = np.asarray(sum_labels(excess, regions, np.arange(1, len(slices) + 1)), np.float64)
    order = np.argsort(-sums, kind="stable")[:MOST_REGIONS]
    boxes = [[*(s.start for s in slices[i]), *(s.stop for s in slices[i]), sums[i]] for i in order]
    return np.array(boxes, np.float64)


def _count_cut(examples: list[Example], found: list[NDArray], label: int) -> float:
    """Return the sum from which the training images have as many regions as boxes of a class."""
    wanted = [np.count_nonzero(np.asarray(e.reference)[..., -1] == label) for e in examples]
    return count_threshold([np.sort(regions[:, -1]) for regions in found], np.array(wanted))


def _sensitivity(examples: list[Example], found: list[NDArray], label: int) -> float:
    """Return the share of a class's boxes found at ``FALSE_A_CASE`` false regions a case; -1 without any."""
    scored, total = [], 0
    for example, regions in zip(examples, found, strict=True):
        n = (regions.shape[1] - 1) // 2
        reference = rows(np.asarray(example.reference), 2 * n + 1)
        reference = reference[reference[:, -1] == label]
        total += len(reference)
        scored += list(_judged(regions, reference, n))
    if not total:
        return -1.0
    wrong = right = best = 0
    for _, is_right in sorted(scored, reverse=True):
        right, wrong = right + is_right, wrong + (not is_right)
        if wrong > FALSE_A_CASE * len(examples):
            break
        best = right
    return best / total


def _judged(regions: NDArray, reference: NDArray, n: int) -> Iterator[tuple[float, bool]]:
    """Yield each region's score and whether it is the first to find a reference box."""
    iou = overlaps(regions[:, : 2 * n], reference[:, : 2 * n]) >= FOUND[n]
    free = np.ones(len(reference), bool)
    for row, score in zip(iou, regions[:, -1], strict=True):
        hit = np.flatnonzero(row & free)
        free[hit[:1]] = False
        yield float(score), bool(len(hit))


BASELINES = (
    Baseline("typical_boxes", _fit_typical),
    Baseline("intensity_threshold", _fit_threshold, looks_at_image=True, most=MOST_EXAMPLES),
)
