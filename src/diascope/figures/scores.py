"""The scores of normal and of abnormal cases, beside each other."""

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import COLOURS, INK, canvas, finish, nothing_to_draw, to_svg

BINS = 30
WIDE = 20.0
"""Where the largest score is so many times the smallest, the axis is logarithmic (chosen here)."""


def score_histogram(score: NDArray, reference: NDArray, *, threshold: float | None = None) -> str:
    """Return two histograms on one axis as SVG.

    Args:
        score: ``(N,)``, not negative; those that are not finite are left out.
        reference: ``(N,)`` 0 for normal, 1 for abnormal cases, nan where not known: left out.
        threshold: from which a case counts as abnormal; a dashed line.
    """
    known = np.isfinite(score) & np.isfinite(reference)
    groups = {"normal": score[known & (reference == 0)], "abnormal": score[known & (reference == 1)]}
    shown = {name: values for name, values in groups.items() if values.size}
    if not shown:
        return nothing_to_draw("No scores to draw: no case is known to be normal or abnormal.")
    every = np.concatenate(list(shown.values()))
    positive = every[every > 0]
    is_wide = positive.size == every.size and positive.max() > WIDE * positive.min()
    low, high = float(every.min()), float(every.max())
    high = high if high > low else low + 1.0
    edges = np.geomspace(low, high, BINS + 1) if is_wide else np.linspace(low, high, BINS + 1)
    with canvas(5.2, 3.0) as figure:
        axes = figure.subplots()
        for colour, hatch, (name, values) in zip(COLOURS, ("", "///"), shown.items(), strict=False):
            label = f"{name}, {values.size} cases"
            axes.hist(values, bins=list(edges), color=colour, alpha=0.55, hatch=hatch, edgecolor="white", label=label)
        if is_wide:
            axes.set_xscale("log")
        if threshold is not None:
            axes.axvline(threshold, color=INK, linewidth=1.2, linestyle="--", label=f"threshold {threshold:.3g}")
        axes.legend()
        finish(axes, x="score: how unlike normal cases", y="Cases", title="Scores")
        axes.grid(visible=False, axis="x")
        medians = "; ".join(f"{name}: median {np.median(v):.3g} of {v.size} cases" for name, v in shown.items())
        return to_svg(figure, f"Histogram of scores. {medians}.")
