"""How well probabilities tell classes apart (ROC, precision and recall), and whether they mean what they say."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import (
    COLOURS,
    DASHES,
    DRAWN_CLASSES,
    FAINT,
    GRID,
    MARKERS,
    canvas,
    finish,
    nothing_to_draw,
    shorten,
    to_svg,
    unit_square,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 10
"""Equal bins of probability in a reliability plot, as the expected calibration error is usually computed."""

POINTS = 400
"""Corners kept of a curve: more than a printed plot can show, few enough for a small page."""

Pair = tuple[NDArray[np.bool_], NDArray[np.float64]]


def roc_curves(
    reference: NDArray,
    probability: NDArray,
    names: Sequence[str],
    *,
    thresholds: Sequence[float] | None = None,
) -> str:
    """Return the receiver operating characteristic of each class as SVG.

    Args:
        reference: ``(N, C)`` of 0 and 1, nan where missing.
        probability: ``(N, C)``, nan where missing.
        names: of the C classes.
        thresholds: operating points of the C classes; each is marked on its curve.

    A class without both a positive and a negative case has no curve; with more than eight classes the eight with
    the most positive cases are drawn, and the figure says so.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    def draw(axes: "Axes", pair: Pair, label: str, position: int) -> None:
        false_positive, true_positive, _ = roc_curve(*pair, drop_intermediate=True)
        area = roc_auc_score(*pair)
        keep = _thin(len(false_positive))
        axes.plot(false_positive[keep], true_positive[keep], label=f"{label}, area {area:.3f}", **_line(position))

    def mark(axes: "Axes", pair: Pair, threshold: float, position: int) -> None:
        positive, chosen = pair[0], pair[1] >= threshold
        axes.plot((chosen & ~positive).sum() / (~positive).sum(), chosen[positive].mean(), **_dot(position))

    with canvas(4.6, _height(names, thresholds)) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (1, 2)), label="chance, area 0.500")
        drawn = _draw_classes(axes, reference, probability, names, draw, thresholds, mark)
        if not drawn:
            return nothing_to_draw("No ROC curve: no class has both positive and negative cases.")
        finish(axes, x="False positive rate (1 − specificity)", y="Sensitivity", title="ROC")
        unit_square(axes)
        _legend_below(axes)
        return to_svg(figure, f"ROC curves. {drawn}")


def pr_curves(
    reference: NDArray,
    probability: NDArray,
    names: Sequence[str],
    *,
    thresholds: Sequence[float] | None = None,
) -> str:
    """Return precision against recall of each class as SVG; arguments as in ``roc_curves``.

    The short level line at the left is the precision of calling every case positive.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    def draw(axes: "Axes", pair: Pair, label: str, position: int) -> None:
        precision, recall, _ = precision_recall_curve(*pair, drop_intermediate=True)
        average = average_precision_score(*pair)
        keep = _thin(len(recall))
        axes.step(
            recall[keep], precision[keep], where="post", label=f"{label}, average {average:.3f}", **_line(position)
        )
        axes.plot([0, 0.06], [pair[0].mean()] * 2, color=COLOURS[position], linewidth=1)

    def mark(axes: "Axes", pair: Pair, threshold: float, position: int) -> None:
        positive, chosen = pair[0], pair[1] >= threshold
        if chosen.any():
            axes.plot(chosen[positive].mean(), positive[chosen].mean(), **_dot(position))

    with canvas(4.6, _height(names, thresholds)) as figure:
        axes = figure.subplots()
        axes.plot([], [], color=FAINT, linewidth=1, label="short line at the left: share of positive cases")
        drawn = _draw_classes(axes, reference, probability, names, draw, thresholds, mark)
        if not drawn:
            return nothing_to_draw("No precision-recall curve: no class has both positive and negative cases.")
        finish(axes, x="Recall (sensitivity)", y="Precision (positive predictive value)", title="Precision and recall")
        unit_square(axes)
        _legend_below(axes)
        return to_svg(figure, f"Precision-recall curves. {drawn}")


def reliability(reference: NDArray, probability: NDArray, names: Sequence[str]) -> str:
    """Return observed frequency against predicted probability as SVG, with the number of cases in each bin below.

    Args:
        reference: ``(N, C)`` of 0 and 1, nan where missing.
        probability: ``(N, C)``, nan where missing.
        names: of the C classes.

    Bars are 95 % Wilson intervals (Wilson 1927). More than four classes are pooled into one curve.
    """
    known = [(n, *_known(reference, probability, c)) for c, n in enumerate(names)]
    if len(known) > 4:
        pooled = [np.concatenate([k[i] for k in known]) for i in (1, 2)]
        known = [(f"all {len(known)} classes pooled", *pooled)]
    known = [k for k in known if len(k[1])]
    if not known:
        return nothing_to_draw("No reliability plot: every reference is missing.")
    with canvas(4.6, 5.0 + 0.17 * len(known)) as figure:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[4.4, 1])
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (1, 2)), label="perfectly calibrated")
        for position, (name, positive, chance) in enumerate(known):
            _draw_bins(axes, below, positive, chance, shorten(name), position, len(known))
        finish(axes, x="", y="Observed frequency", title="Reliability")
        unit_square(axes)
        axes.set_aspect("auto")
        finish(below, x="Predicted probability", y="Cases")
        handles, labels = axes.get_legend_handles_labels()
        below.legend(
            handles, labels, loc="upper left", bbox_to_anchor=(-0.02, -0.62), handlelength=2.6, borderaxespad=0
        )
        alt = f"Reliability plot of {', '.join(k[0] for k in known)}: observed frequency against predicted probability."
        return to_svg(figure, alt)


def _draw_bins(
    axes: "Axes",
    below: "Axes",
    positive: NDArray[np.bool_],
    chance: NDArray[np.float64],
    name: str,
    position: int,
    curves: int,
) -> None:
    place = np.clip((chance * BINS).astype(int), 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    used = count > 0
    mean = np.bincount(place, chance, BINS)[used] / count[used]
    hits = np.bincount(place, positive, BINS)[used]
    low, high = wilson(hits, count[used])
    share = hits / count[used]
    axes.errorbar(
        mean, share, yerr=[np.maximum(share - low, 0), np.maximum(high - share, 0)], marker=MARKERS[position],
        markersize=4.5, elinewidth=1, label=name, **_line(position),
    )  # fmt: skip
    width = 0.8 / BINS / curves
    left = (np.arange(BINS) + 0.1) / BINS + position * width
    below.bar(left, count, width, align="edge", color=COLOURS[position], edgecolor=GRID, linewidth=0.4)


def wilson(hits: NDArray, count: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % interval of each proportion (Wilson 1927); counts must be positive."""
    z = 1.959964
    share = hits / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return middle - half, middle + half


def _draw_classes(
    axes: "Axes",
    reference: NDArray,
    probability: NDArray,
    names: Sequence[str],
    draw: Callable[["Axes", Pair, str, int], None],
    thresholds: Sequence[float] | None,
    mark: Callable[["Axes", Pair, float, int], None],
) -> str:
    """Draw the classes that have a curve and return their description; empty where none has."""
    pairs = {c: _known(reference, probability, c) for c in range(len(names))}
    able = [c for c, (positive, _) in pairs.items() if positive.any() and not positive.all()]
    chosen = sorted(sorted(able, key=lambda c: -int(pairs[c][0].sum()))[:DRAWN_CLASSES])
    for position, c in enumerate(chosen):
        draw(axes, pairs[c], shorten(names[c]), position)
        if thresholds is not None:
            mark(axes, pairs[c], thresholds[c], position)
    if not chosen:
        return ""
    if thresholds is not None:
        axes.plot([], [], **{**_dot(0), "color": FAINT, "label": "operating point"})
    if len(able) > len(chosen):
        note = f"{len(chosen)} of {len(able)} classes: those with the most positive cases"
        axes.plot([], [], " ", label=note)
        return note
    return "Classes: " + ", ".join(names[c] for c in chosen)


def _known(reference: NDArray, probability: NDArray, column: int) -> Pair:
    """Return the class's reference as bool and its probabilities, for the cases where both are known."""
    truth, chance = np.asarray(reference, float)[:, column], np.asarray(probability, float)[:, column]
    known = np.isfinite(truth) & np.isfinite(chance)
    return truth[known] > 0.5, chance[known]


def _thin(length: int) -> NDArray[np.intp]:
    """Return the indices of at most ``POINTS`` corners, both ends kept."""
    return np.unique(np.linspace(0, length - 1, min(length, POINTS)).round().astype(np.intp))


def _line(position: int) -> dict[str, Any]:
    return {"color": COLOURS[position], "linestyle": DASHES[position]}


def _dot(position: int) -> dict[str, Any]:
    return {
        "color": COLOURS[position], "marker": "o", "markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.8,
        "linestyle": "none", "zorder": 5,
    }  # fmt: skip


def _height(names: Sequence[str], thresholds: Sequence[float] | None) -> float:
    """Return a figure's height in inches: the plot is always as large, the legend below has a line a class."""
    return 4.55 + 0.17 * (min(len(names), DRAWN_CLASSES) + (thresholds is not None) + (len(names) > DRAWN_CLASSES))


def _legend_below(axes: "Axes") -> None:
    """Put the legend under the plot, where it can hide no curve."""
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), handlelength=2.6, borderaxespad=0)
