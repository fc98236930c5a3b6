"""Every voxel gets a class."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Target
from diascope.core.families import METRICS
from diascope.core.geometry import Geometry
from diascope.core.ports.task import Aggregate, Baseline, CaseView, Example, Head, Measure, Table, Task
from diascope.core.words import listing

MEASURED = ("dice", "surface_dice", "hd95_mm", "volume_error_ml", "temporal_consistency")
"""The first ranks the cases."""

VOXELS = ("reference_voxels", "predicted_voxels")
"""What a case's row says beside the metrics: why one is undefined, or weighs little."""

MEAN_MAP_EDGE = {2: 256, 3: 64}
"""Chosen here: grid on which the mean label map is kept, by number of axes; about 100 MB with 100 classes in 3-D."""

DRAWN_CLASSES, DRAWN_VOXELS, DRAWN_FACES, FEWEST_SLICES = 8, 128, 20_000, 5
"""Of the surfaces in a case's picture: classes, voxels along an edge and triangles at most (chosen here: a case takes
half a second), and the slices below which there is nothing to see."""


def _head(target: Target) -> Head:
    return Head(target.classes, "softmax")


def _judged(target: Target) -> tuple[str, ...]:
    return target.classes[1:]


def score_case(
    target: Target, reference: NDArray, prediction: NDArray, geometry: Geometry | None, calibration: Calibration
) -> dict[str, NDArray]:
    """Return each metric, and the voxels of both masks, for each foreground class, ``(judged,)`` each.

    Both are label maps of class indices on one grid. Each class is measured in the box that holds it, so the cost
    follows the structures, not the image times the number of classes. Of a film all frames are kept: a structure that
    comes or goes is a change too.
    """
    is_film = geometry is not None and geometry.film is not None
    count = len(_judged(target))
    spacing = geometry.spacing_mm if geometry else None
    loaded = {name: METRICS.load(name) for name in MEASURED}
    metrics = {name: metric.compute for name, metric in loaded.items() if is_film or not metric.over_frames}
    scores = {name: np.full(count, np.nan) for name in MEASURED}
    scores |= {name: np.zeros(count) for name in VOXELS}
    for column, box in enumerate(_boxes(reference, prediction, count)):
        part = (*box[:-1], slice(None)) if is_film else box
        masks = reference[part] == column + 1, prediction[part] == column + 1
        for name, compute in metrics.items():
            scores[name][column] = compute(*masks, spacing)
        for name, mask in zip(VOXELS, masks, strict=True):
            scores[name][column] = np.count_nonzero(mask)
    return scores


def _boxes(reference: NDArray, prediction: NDArray, count: int) -> list[tuple[slice, ...]]:
    """Return, for each foreground class, the box that holds it in either label map; an empty box where it is absent."""
    from scipy.ndimage import find_objects

    found = [find_objects(labels, max_label=count) for labels in (reference, prediction)]
    boxes = []
    for pair in zip(*found, strict=True):
        present = [box for box in pair if box is not None]
        if not present:
            boxes.append((slice(0, 0),) * reference.ndim)
            continue
        axes = zip(*present, strict=True)
        boxes.append(tuple(slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in axes))
    return boxes


def aggregate(target: Target, table: Table) -> Measure:
    """Return what gives the mean over cases for each class, then over classes, undefined values left out."""
    defined = {name: ~np.isnan(table[name]) for name in MEASURED}
    filled = {name: np.where(defined[name], table[name], 0.0) for name in MEASURED}

    def measure(index: NDArray[np.intp]) -> Aggregate:
        weight = np.bincount(index, minlength=len(table[MEASURED[0]])).astype(np.float64)
        return {name: _mean(weight @ filled[name], weight @ defined[name]) for name in MEASURED}

    return measure


def _mean(total: NDArray[np.float64], number: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    per_class = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    known = per_class[number > 0]
    return (float(known.mean()) if known.size else float("nan")), per_class


def _defined(target: Target, table: Table, metric: str) -> NDArray[np.bool_]:
    return ~np.isnan(table[metric])


def _case_rows(target: Target, table: Table, row: int) -> list[dict[str, Any]]:
    """Return each class's metrics, None where undefined, and its voxels."""
    rows, told = [], [metric for metric in MEASURED if METRICS.load(metric).is_told(table[metric])]
    for column, name in enumerate(_judged(target)):
        values = {metric: float(table[metric][row, column]) for metric in told}
        voxels = {part: int(table[part][row, column]) for part in VOXELS}
        rows.append({"class": name} | {m: None if np.isnan(v) else v for m, v in values.items()} | voxels)
    return rows


def case_headline(target: Target, table: Table) -> NDArray[np.float64]:
    """Return each case's mean Dice over the foreground classes where it is defined, ``(N,)``."""
    dice = table[MEASURED[0]]
    known = ~np.isnan(dice)
    number = known.sum(axis=1)
    return np.where(number > 0, np.where(known, dice, 0.0).sum(axis=1) / np.maximum(number, 1), np.nan)


def fit_mean_map(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what predicts, for an example's grid, the most frequent class at each relative position.

    Label maps are brought to one small grid by nearest neighbour, counted, and the winners brought to the asked shape.
    Ties, and no references at all, give background.
    """
    counts: NDArray[np.int32] | None = None
    for example in examples:
        labels = np.asarray(example.reference)
        small = _to_shape(labels, (MEAN_MAP_EDGE[labels.ndim],) * labels.ndim)
        if counts is None:
            counts = np.zeros((len(target.classes), *small.shape), np.int32)
        for number in np.unique(small):
            counts[number] += small == number
    winners = None if counts is None else counts.argmax(axis=0).astype(np.int32)

    def predict(example: Example) -> NDArray:
        shape = example.geometry.shape if example.geometry else ()
        return np.zeros(shape, np.int32) if winners is None else _to_shape(winners, shape)

    return predict


def told(target: Target, prediction: NDArray, calibration: Calibration, geometry: Geometry | None) -> dict[str, float]:
    """Return nothing: the label map says all."""
    return {}


def _title(target: Target) -> str:
    return f"Segmentation of {listing(_judged(target), 3)}"


def _purpose(target: Target) -> str:
    return f"outlines {listing(_judged(target))}"


def _to_shape(labels: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Return the label map on a grid of another shape over the same extent, by nearest neighbour."""
    index = [((np.arange(n) + 0.5) * old / n).astype(np.intp) for n, old in zip(shape, labels.shape, strict=True)]
    return labels[np.ix_(*index)]


def _strip(metric: str) -> Callable[[Target, Table], str]:
    def plot(target: Target, table: Table) -> str:
        from diascope.figures.spread import dice_strip

        if np.isnan(table[metric]).all():
            return ""
        declared = METRICS.load(metric)
        label = f"{declared.title}, {declared.unit}" if declared.unit else declared.title
        values = {name: table[metric][:, column] for column, name in enumerate(_judged(target))}
        return dice_strip(values, x=label, bounds=(0, 1) if declared.bounds == (0, 1) else None)

    return plot


def _picture(target: Target, view: CaseView) -> str:
    from diascope.figures.case import case_outline
    from diascope.figures.film import film_outlines

    if view.geometry.film is not None:
        film = view.geometry.film
        return film_outlines(view.image, view.reference, view.prediction, _judged(target), film)
    outline = case_outline(view.image, view.reference, view.prediction, _judged(target), view.geometry)
    return outline + _surfaces(target, view)


def _surfaces(target: Target, view: CaseView) -> str:
    """Return the surfaces of reference and prediction; empty where they make no sense: 2-D, or no millimetres."""
    from diascope.figures.surface import surface_pairs

    grid = view.geometry
    if grid.ndim != 3 or not grid.has_spacing or min(grid.shape) < FEWEST_SLICES:
        return ""
    maps = {"reference": view.reference, "prediction": view.prediction}
    rows = {title: drawn for title, labels in maps.items() if (drawn := _meshes(target, labels, grid))}
    return surface_pairs(rows) if rows else ""


def _meshes(target: Target, labels: NDArray, grid: Geometry) -> dict[str, tuple[NDArray, NDArray]]:
    """Return name → vertices and faces of the classes that a label map holds, coarse where the structure is large."""
    from scipy.ndimage import find_objects

    from diascope.measures import build_surface

    found = {}
    judged = _judged(target)[:DRAWN_CLASSES]
    boxes = find_objects(labels, max_label=len(judged))
    for number, (name, box) in enumerate(zip(judged, boxes, strict=True), start=1):
        if box is None:
            continue
        every = max(1, -(-max(s.stop - s.start for s in box) // DRAWN_VOXELS))
        affine = np.array(grid.affine)
        affine[:3, 3] += affine[:3, :3] @ [s.start for s in box]
        affine[:3, :3] *= every
        mask = labels[box][::every, ::every, ::every] == number
        if mask.any():
            surface = build_surface(mask, affine, most_faces=DRAWN_FACES)
            found[name] = (surface.vertices, surface.faces)
    return found


TASK = Task(
    name="segmentation",
    kinds=("mask",),
    sees="patches",
    answer="label_map",
    head=_head,
    losses={"mask": "dice_ce"},
    networks=("unet",),
    takes_films=True,
    metrics=MEASURED,
    fits=(),
    judged=_judged,
    score_case=score_case,
    aggregate=aggregate,
    defined=_defined,
    case_rows=_case_rows,
    case_headline=case_headline,
    baselines=(Baseline("mean_label_map", fit_mean_map),),
    told=told,
    title=_title,
    purpose=_purpose,
    ranked_by="Cases are ranked by their own mean Dice over the classes.",
    plots={name: _strip(name) for name in MEASURED},
    picture=_picture,
)
