"""Boxes over a picture of their case, and curves of how well they are found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry
from diascope.figures.case import case_drawing
from diascope.figures.outlines import NUMBERED, PREDICTION, REFERENCE, write_text
from diascope.figures.planes import Plane
from diascope.figures.style import (
    COLOURS,
    DASHES,
    DRAWN_CLASSES,
    FAINT,
    canvas,
    finish,
    nothing_to_draw,
    shorten,
    to_svg,
)

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives a case at which a FROC curve is read (Setio et al. 2017)."""


def case_boxes(
    image: NDArray, reference: NDArray, prediction: NDArray, names: Sequence[str], geometry: Geometry
) -> str:
    """Return the image beside the image with reference boxes (solid) and predicted ones (dashed), as SVG.

    Args:
        image: ``(C, I, J[, K])``.
        reference: ``(N, 2n + 1)``, low, high and class index in voxels.
        prediction: the same.
        names: of the classes.
        geometry: of the grid; in 3-D three planes go through most of the boxes, and show those that they cut.
    """
    shape = image.shape[1:]
    places = [np.broadcast_to(_along(n, axis, len(shape)), shape) for axis, n in enumerate(shape)]
    inside = np.zeros(shape, np.uint8)
    for box in (*reference, *prediction):
        low, high = np.floor(box[: len(shape)]).astype(int), np.ceil(box[len(shape) : 2 * len(shape)]).astype(int)
        inside[tuple(slice(max(0, a), b) for a, b in zip(low, high, strict=True))] = 1

    def draw(plane: Plane, size: tuple[float, float]) -> str:
        return _rectangles(plane, reference, size, prediction=prediction, numbered=1 < len(names) <= NUMBERED)

    said = f"the boxes of the reference (solid blue, {len(reference)}) and the predicted ones (dashed amber, "
    return case_drawing(image, (inside, *places), draw, names, geometry=geometry, said=f"{said}{len(prediction)}).")


def _along(size: int, axis: int, ndim: int) -> NDArray[np.int32]:
    """Return 1, 2, 3 … along one axis: where each voxel of a plane comes from, 0 being taken for no foreground."""
    return np.arange(1, size + 1, dtype=np.int32).reshape([-1 if a == axis else 1 for a in range(ndim)])


def _rectangles(
    plane: Plane, reference: NDArray, size: tuple[float, float], *, prediction: NDArray, numbered: bool
) -> str:
    drawn = []
    rows, columns = plane.image.shape[:2]
    scale = size[1] / rows, size[0] / columns
    for boxes, style in (
        (reference, f'stroke="{REFERENCE}" stroke-width="1.7"'),
        (prediction, f'stroke="{PREDICTION}" stroke-width="1.7" stroke-dasharray="4.5 3"'),
    ):
        for box in boxes:
            corner = _in_plane(plane, box)
            if corner is None:
                continue
            (top, bottom), (left, right) = ([x * s for x in ends] for ends, s in zip(corner, scale, strict=True))
            where = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" fill="none"'
            edge = f'<rect {where} stroke="#000" stroke-opacity=".45" stroke-width="3"/>' if boxes is reference else ""
            drawn.append(f"{edge}<rect {where} {style}/>")
            if numbered:
                place = (left + 3, top + 12) if boxes is reference else (right - 9, bottom - 3)
                drawn.append(write_text(*place, str(int(box[-1]) + 1), over_image=True))
    return "".join(drawn)


def _in_plane(plane: Plane, box: NDArray) -> list[tuple[float, float]] | None:
    """Return first and last row and first and last column of a box, None where the plane does not cut it."""
    places = plane.labels[1:]
    found: list[tuple[float, float]] = [(0.0, 0.0), (0.0, 0.0)]
    for axis, place in enumerate(places):
        low, high = float(box[axis]), float(box[len(places) + axis])
        first = int(place[0, 0]) - 1
        for shown, last in enumerate((int(place[-1, 0]) - 1, int(place[0, -1]) - 1)):
            if last != first:
                ends = (low - first, high - first) if last > first else (first + 1 - high, first + 1 - low)
                limit = place.shape[shown]
                found[shown] = min(max(ends[0], 0.0), limit), min(max(ends[1], 0.0), limit)
                break
        else:
            if place.size > 1 and not low <= first + 0.5 <= high and len(places) > 2:
                return None
    return found


def froc_curves(curves: Sequence[tuple[NDArray, NDArray]], names: Sequence[str]) -> str:
    """Return sensitivity against false positives a case as SVG.

    Args:
        curves: for each class false positives a case and sensitivity, both rising; empty where it has no reference.
        names: of the classes. The eight with the longest curves are drawn, and the figure says so.
    """
    able = [n for n, (_, sensitivity) in enumerate(curves) if len(sensitivity)]
    chosen = sorted(sorted(able, key=lambda n: -len(curves[n][0]))[:DRAWN_CLASSES])
    if not chosen:
        return nothing_to_draw("No FROC curve: there is no reference box.")
    with canvas(4.6, 4.4 + 0.17 * len(chosen)) as figure:
        axes = figure.subplots()
        for position, n in enumerate(chosen):
            rate, sensitivity = curves[n]
            axes.step(
                np.append(rate, max(rate[-1], RATES[-1])),
                np.append(sensitivity, sensitivity[-1]),
                where="post",
                label=shorten(names[n]),
                color=COLOURS[position],
                linestyle=DASHES[position],
            )
        axes.set_xscale("symlog", linthresh=RATES[0], base=2)
        axes.set_xticks([0, *RATES], ["0", "⅛", "¼", "½", "1", "2", "4", "8"])
        axes.minorticks_off()
        axes.set_xlim(0, RATES[-1])
        axes.set_ylim(0, 1.02)
        for rate in RATES:
            axes.axvline(rate, color=FAINT, linewidth=0.4, alpha=0.5)
        finish(axes, x="False positives a case", y="Sensitivity", title="FROC")
        axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), handlelength=2.6, borderaxespad=0)
        left = "" if len(able) == len(chosen) else f" {len(chosen)} of {len(able)} classes are drawn."
        return to_svg(figure, f"FROC curves: sensitivity against false positives a case.{left}")


def box_precision(curves: Sequence[tuple[NDArray, NDArray]], names: Sequence[str], averages: Sequence[float]) -> str:
    """Return precision against recall of boxes as SVG.

    Args:
        curves: for each class recall and precision; empty where it has no reference box.
        names: of the classes.
        averages: their average precision.
    """
    able = [n for n, (recall, _) in enumerate(curves) if len(recall)][:DRAWN_CLASSES]
    if not able:
        return nothing_to_draw("No precision-recall curve: there is no reference box, or none was predicted.")
    with canvas(4.6, 4.4 + 0.17 * len(able)) as figure:
        axes = figure.subplots()
        for position, n in enumerate(able):
            recall, precision = curves[n]
            keep = np.unique(np.linspace(0, len(recall) - 1, min(len(recall), 400)).round().astype(int))
            label = f"{shorten(names[n])}, average {averages[n]:.3f}"
            axes.plot(recall[keep], precision[keep], label=label, color=COLOURS[position], linestyle=DASHES[position])
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, 1.02)
        finish(axes, x="Recall (sensitivity)", y="Precision", title="Precision and recall at IoU .5")
        axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), handlelength=2.6, borderaxespad=0)
        return to_svg(figure, "Precision-recall curves of the predicted boxes at an overlap of one half.")
