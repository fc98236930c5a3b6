"""Which class is taken for which."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import FAINT, INK, canvas, shorten, to_svg

_NUMBERED = 12
"""Classes up to which each cell can hold readable numbers."""


def confusion(matrix: NDArray, names: Sequence[str]) -> str:
    """Return a confusion matrix as SVG: counts, and shares of the reference class.

    Args:
        matrix: ``(C, C)`` counts, reference by row and prediction by column.
        names: of the C classes.
    """
    counts = np.asarray(matrix, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    size = min(1.9 + 0.75 * len(names), 7.0)
    with canvas(size + 0.4, size) as figure:
        axes = figure.subplots()
        axes.pcolormesh(share, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
        axes.invert_yaxis()
        axes.set_aspect("equal")
        labels = [shorten(n, 18) for n in names]
        centres = np.arange(len(names)) + 0.5
        axes.set_xticks(
            centres, labels, rotation=0 if len(names) <= 3 else 40, ha="center" if len(names) <= 3 else "right"
        )
        axes.set_yticks(centres, labels)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("Prediction")
        axes.set_ylabel("Reference")
        axes.set_title("Confusion matrix")
        if len(names) <= _NUMBERED:
            for row, column in np.ndindex(*counts.shape):
                colour = "white" if share[row, column] > 0.55 else INK
                axes.text(
                    column + 0.5,
                    row + 0.44,
                    f"{counts[row, column]:g}",
                    ha="center",
                    va="center",
                    color=colour,
                    size=10.5,
                )
                axes.text(
                    column + 0.5, row + 0.70, f"{share[row, column]:.0%}", ha="center", va="center",
                    color=colour if colour == "white" else FAINT, size=8,
                )  # fmt: skip
        return to_svg(figure, _describe(counts, share, names))


def _describe(counts: NDArray, share: NDArray, names: Sequence[str]) -> str:
    right = np.trace(counts) / max(counts.sum(), 1)
    each = "; ".join(f"{n}: {share[i, i]:.0%} of {counts[i].sum():g}" for i, n in enumerate(names[:12]))
    return f"Confusion matrix. {right:.0%} of all cases lie on the diagonal. Found of each reference class: {each}."
