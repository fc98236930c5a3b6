"""Objects in a picture, each with an outline of its own, and counts against counts."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry
from diascope.figures.case import case_outline
from diascope.figures.style import COLOURS, FAINT, canvas, finish, nothing_to_draw, to_svg


def instance_outline(image: NDArray, reference: NDArray, prediction: NDArray, geometry: Geometry) -> str:
    """Return the image beside the image with every object of reference and prediction outlined, as SVG.

    Args:
        image: ``(C, I, J[, K])``.
        reference: instance map ``(I, J[, K])``.
        prediction: the same.
        geometry: of the grid.
    """
    known, found = apart(reference), apart(prediction)
    count = max(1, int(known.max(initial=0)), int(found.max(initial=0)))
    return case_outline(image, known, found, ("objects",), geometry, groups=count)


def apart(instances: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return a map of few numbers in which objects that touch differ: each object takes the lowest that is free."""
    touching: dict[int, set[int]] = {int(n): set() for n in np.unique(instances) if n}
    for one, other in _touching(instances):
        touching[one].add(other)
        touching[other].add(one)
    taken: dict[int, int] = {}
    for number, others in touching.items():
        used = {taken[n] for n in others if n in taken}
        taken[number] = next(n for n in range(1, 256) if n not in used or n == 255)
    known = np.fromiter((0, *taken), np.int64)
    group = np.fromiter((0, *taken.values()), np.uint8)
    return group[np.searchsorted(known, instances)]


def _touching(instances: NDArray[np.integer]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for shift in product((-1, 0, 1), repeat=instances.ndim):
        if shift <= (0,) * len(shift):
            continue
        here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(shift, instances.shape, strict=True))
        there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(shift, instances.shape, strict=True))
        one, other = instances[here], instances[there]
        differ = (one > 0) & (other > 0) & (one != other)
        pairs = np.unique(np.stack([one[differ], other[differ]]), axis=1)
        found |= {(int(a), int(b)) for a, b in pairs.T}
    return found


def count_scatter(reference: NDArray, prediction: NDArray) -> str:
    """Return each case's number of predicted objects against those of the reference, as SVG.

    Args:
        reference: ``(N,)``; nan is left out.
        prediction: ``(N,)``.
    """
    known = ~(np.isnan(reference) | np.isnan(prediction))
    reference, prediction = reference[known], prediction[known]
    if not reference.size:
        return nothing_to_draw("No counts to draw: no case has a reference.")
    top = max(float(reference.max()), float(prediction.max()), 1.0) * 1.05
    low = max(0.0, min(float(reference.min()), float(prediction.min())) - 0.05 * top)
    with canvas(3.6, 3.4) as figure:
        axes = figure.subplots()
        axes.plot([low, top], [low, top], color=FAINT, linewidth=1, linestyle="--")
        axes.scatter(reference, prediction, s=22, color=COLOURS[0], alpha=0.6, linewidths=0)
        axes.set_xlim(low, top)
        axes.set_ylim(low, top)
        axes.set_aspect("equal")
        finish(axes, x="Objects in the reference", y="Objects predicted", title="Counts: each case")
        alt = (
            f"Predicted against reference counts of {reference.size} cases; dashed: equal. Mean absolute difference "
            f"{abs(prediction - reference).mean():.3g}."
        )
        return to_svg(figure, alt)
