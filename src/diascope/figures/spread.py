"""How a number is spread over the cases."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import COLOURS, FAINT, INK, canvas, finish, nothing_to_draw, shorten, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VECTOR_POINTS = 1500
"""Points kept as vectors in one figure; beyond it they are drawn as one picture, which keeps the page small."""

_ROWS = 24
"""Classes in one strip; more do not fit a page, and the lowest medians are what one looks for."""


def dice_strip(values: Mapping[str, NDArray], *, x: str = "Dice", bounds: tuple[float, float] | None = (0, 1)) -> str:
    """Return one row of points a class, a point a case, with the median and the quartiles, as SVG.

    Args:
        values: class → ``(N,)`` numbers; nan (undefined) is left out and counted.
        x: what the numbers are, with their unit.
        bounds: within which the numbers lie; the axis ends at the upper one. None fits the numbers.
    """
    known = {name: _finite(v) for name, v in values.items()}
    rows = sorted((n for n, v in known.items() if v.size), key=lambda n: np.median(known[n]))
    if not rows:
        return nothing_to_draw(f"No {x} to draw: it is undefined in every case.")
    shown = [n for n in known if n in rows[:_ROWS]]
    with canvas(5.2, 1.15 + 0.62 * len(shown)) as figure:
        axes = figure.subplots()
        many = sum(known[n].size for n in shown) > _VECTOR_POINTS
        for place, name in enumerate(shown):
            _draw_row(axes, known[name], place, rasterized=many)
        axes.set_yticks(range(len(shown)), [shorten(n, 22) for n in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        if bounds:
            axes.set_xlim(*_zoom(np.concatenate([known[n] for n in shown]), bounds))
        title = f"{x}: each case" + (f", the {_ROWS} lowest of {len(rows)} classes" if len(rows) > _ROWS else "")
        finish(axes, x="dots: cases · bar: median and quartiles", y="", title=title)
        axes.grid(visible=False, axis="y")
        medians = "; ".join(f"{n}: median {np.median(known[n]):.3g} of {known[n].size} cases" for n in shown)
        return to_svg(figure, f"{title}. {medians}.")


def histogram(values: NDArray, *, x: str, title: str = "", marks: Mapping[str, float] | None = None) -> str:
    """Return a histogram as SVG.

    Args:
        values: ``(N,)``; those that are not finite are left out.
        x: what the numbers are, with their unit.
        title: above the plot.
        marks: name → position of vertical lines, such as a median.
    """
    numbers = _finite(values)
    if not numbers.size:
        return nothing_to_draw(f"No histogram of {x}: there are no numbers.")
    edges = np.histogram_bin_edges(numbers, bins="auto")
    edges = edges if 4 <= len(edges) - 1 <= 40 else np.histogram_bin_edges(numbers, bins=min(40, max(4, numbers.size)))
    with canvas(4.6, 2.7) as figure:
        axes = figure.subplots()
        axes.hist(numbers, bins=list(edges), color=COLOURS[0], edgecolor="white", linewidth=0.6)
        for name, position in (marks or {}).items():
            axes.axvline(position, color=INK, linewidth=1.2, linestyle="--")
            axes.annotate(
                f" {name} {position:.3g}", (position, 1), xycoords=("data", "axes fraction"), va="top", size=8.5
            )
        finish(axes, x=x, y="Cases", title=title)
        axes.grid(visible=False, axis="x")
        alt = f"Histogram of {x}: {numbers.size} cases from {numbers.min():.3g} to {numbers.max():.3g}"
        return to_svg(figure, f"{alt}, median {np.median(numbers):.3g}.")


def _draw_row(axes: "Axes", numbers: NDArray, place: int, *, rasterized: bool) -> None:
    colour = COLOURS[place % len(COLOURS)]
    axes.scatter(
        numbers,
        place - 0.02 - _pile(numbers) * 0.36,
        s=13,
        color=colour,
        alpha=0.55,
        linewidths=0,
        rasterized=rasterized,
    )
    low, middle, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    axes.plot([low, high], [place + 0.16] * 2, color=INK, linewidth=3.2, alpha=0.35)
    axes.plot([middle], [place + 0.16], marker="|", markersize=10, markeredgewidth=2.4, color=INK)
    axes.annotate(
        f"{middle:.3g}", (middle, place + 0.16), xytext=(0, -8), textcoords="offset points",
        ha="center", va="top", size=8, color=FAINT,
    )  # fmt: skip


def _zoom(numbers: NDArray, bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the part of the bounds that holds the numbers, from a whole tenth, so that crowded points come apart."""
    span = bounds[1] - bounds[0]
    tenth = np.floor((numbers.min() - bounds[0]) / span * 10 - 0.3) / 10
    return bounds[0] + max(tenth - 0.01, -0.01) * span, bounds[1] + 0.01 * span


def _pile(numbers: NDArray) -> NDArray[np.float64]:
    """Return heights in 0..1 that stack points which would hide one another, without any randomness."""
    span = np.ptp(numbers) or 1.0
    cell = np.round((numbers - numbers.min()) / span * (60 if len(numbers) < 300 else 140)).astype(int)
    order = np.lexsort((numbers, cell))
    rank = np.zeros(len(numbers))
    starts = np.flatnonzero(np.r_[True, np.diff(cell[order]) > 0])
    rank[order] = np.arange(len(numbers)) - np.repeat(starts, np.diff(np.r_[starts, len(numbers)]))
    return rank / max(rank.max(), 6)


def _finite(values: NDArray) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=float).ravel()
    return numbers[np.isfinite(numbers)]
