"""Predicted numbers against their references."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import COLOURS, FAINT, INK, canvas, finish, nothing_to_draw, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VECTOR_POINTS = 800
"""Cases drawn as vectors with a bar each; of more, points become one picture and only so many bars are drawn."""

LABEL_SHARE = 0.22
"""Of the plot's width, kept free of points for the labels of its lines."""


def predicted_against_reference(
    reference: NDArray, prediction: NDArray, low: NDArray, high: NDArray, *, unit: str = "", level: float = 0.9
) -> str:
    """Return each case's prediction over its reference as SVG, with the interval that was told.

    Args:
        reference: ``(N,)``, nan where missing.
        prediction: ``(N,)``.
        low: ``(N,)`` lower ends of the intervals, nan where none was told.
        high: ``(N,)`` upper ends.
        unit: of all of them.
        level: the coverage that the intervals promise.
    """
    reference, prediction, low, high = _known(reference, prediction, low, high)
    if not reference.size:
        return nothing_to_draw("No scatter plot: every reference is missing.")
    told = np.isfinite(low) & np.isfinite(high)
    inside = told & (reference >= low) & (reference <= high)
    with canvas(4.6, 5.0) as figure:
        axes = figure.subplots()
        ends = _ends(np.concatenate([reference, prediction]))
        axes.plot(ends, ends, color=FAINT, linewidth=1, linestyle=(0, (1, 2)), label="prediction = reference")
        for chosen, colour, word in ((inside, COLOURS[0], "holds"), (told & ~inside, COLOURS[1], "misses")):
            if chosen.any():
                label = f"interval {word} the reference: {chosen.sum()} of {told.sum()}"
                _draw_bars(axes, reference[chosen], low[chosen], high[chosen], colour)
                _draw_points(axes, reference[chosen], prediction[chosen], colour, label)
        if not told.all():
            _draw_points(axes, reference[~told], prediction[~told], COLOURS[0], "no interval could be told")
        axes.set_aspect("equal")
        axes.set_xlim(*ends)
        title = f"Prediction and {level:.0%} interval" if told.any() else "Prediction"
        finish(axes, x=_with_unit("Reference", unit), y=_with_unit("Prediction", unit), title=title)
        axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.14), borderaxespad=0, handlelength=1.6)
        alt = f"Predicted against reference values of {reference.size} cases"
        return to_svg(figure, f"{alt}; {inside.sum()} of {told.sum()} intervals hold their reference.")


def bland_altman(reference: NDArray, prediction: NDArray, *, unit: str = "") -> str:
    """Return each case's difference over the mean of prediction and reference as SVG.

    Lines: the mean difference and the limits of agreement, 1.96 standard deviations from it (Bland and Altman, Lancet
    327, 1986). A slope says that large values are drawn towards the middle, as a cautious predictor does.

    Args:
        reference: ``(N,)``, nan where missing.
        prediction: ``(N,)``.
        unit: of both.
    """
    reference, prediction = _known(reference, prediction)
    if reference.size < 2:
        return nothing_to_draw("No Bland-Altman plot: fewer than two references are known.")
    middle, difference = (prediction + reference) / 2, prediction - reference
    mean, deviation = float(difference.mean()), float(difference.std(ddof=1))
    lines = {"mean": mean, "+1.96 SD": mean + 1.96 * deviation, "−1.96 SD": mean - 1.96 * deviation}
    with canvas(4.9, 3.7) as figure:
        axes = figure.subplots()
        _draw_points(axes, middle, difference, COLOURS[0], "")
        left, right = axes.get_xlim()
        axes.set_xlim(left, right + LABEL_SHARE * (right - left))
        for name, height in lines.items():
            axes.axhline(height, color=INK, linewidth=1.2, linestyle="-" if name == "mean" else "--")
            axes.annotate(
                f"{name} {_signed(height)}", (1, height), xycoords=("axes fraction", "data"), xytext=(0, 2),
                textcoords="offset points", ha="right", va="bottom", size=8.5,
            )  # fmt: skip
        finish(
            axes,
            x=_with_unit("Mean of prediction and reference", unit),
            y=_with_unit("Prediction − reference", unit),
            title="Differences (Bland-Altman)",
        )
        limits = f"limits of agreement {lines['−1.96 SD']:.3g} to {lines['+1.96 SD']:.3g} {unit}".strip()
        return to_svg(figure, f"Bland-Altman plot of {reference.size} cases: mean difference {mean:.3g}, {limits}.")


def _known(reference: NDArray, *others: NDArray) -> tuple[NDArray[np.float64], ...]:
    known = np.isfinite(np.asarray(reference, float))
    return tuple(np.asarray(values, float)[known] for values in (reference, *others))


def _draw_points(axes: "Axes", x: NDArray, y: NDArray, colour: str, label: str) -> None:
    many = len(x) > VECTOR_POINTS
    axes.scatter(x, y, s=14, color=colour, alpha=0.7, linewidths=0, label=label, rasterized=many, zorder=3)


def _draw_bars(axes: "Axes", x: NDArray, low: NDArray, high: NDArray, colour: str) -> None:
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), VECTOR_POINTS)).round().astype(int))
    axes.vlines(x[some], low[some], high[some], color=colour, alpha=0.22, linewidth=1.1, rasterized=len(some) > 200)


def _ends(values: NDArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")
