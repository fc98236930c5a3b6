"""Survival by foretold risk, and foretold against observed chance at a horizon."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.core.kaplan_meier import SurvivalCurve, kaplan_meier
from diascope.figures.style import COLOURS, DASHES, FAINT, canvas, finish, nothing_to_draw, to_svg, unit_square

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = ("lowest third", "middle third", "highest third")
TICKS = 5
"""Times below the plot at which the numbers at risk stand."""

FIFTHS = 5


def survival_by_risk(time: NDArray, event: NDArray, risk: NDArray, *, unit: str = "") -> str:
    """Return Kaplan-Meier curves of the thirds of foretold risk as SVG, with 95 % bands and numbers at risk.

    Small strokes on a curve are censored cases. Curves that fan out mean that the risk tells who has the event early.

    Args:
        time: ``(N,)`` follow-up, nan where missing.
        event: ``(N,)`` whether it ended with the event.
        risk: ``(N,)``, higher for an earlier event.
        unit: of the times.
    """
    known = np.isfinite(np.asarray(time, float))
    time, event, risk = np.asarray(time, float)[known], np.asarray(event)[known] > 0, np.asarray(risk, float)[known]
    edges = np.quantile(risk, [1 / 3, 2 / 3]) if risk.size else np.zeros(2)
    third = np.searchsorted(edges, risk, side="left")
    present = [n for n in range(len(GROUPS)) if (third == n).any()]
    if len(present) < 2:
        return nothing_to_draw("No survival curves by risk: all cases have the same foretold risk.")
    curves = [kaplan_meier(time[third == n], event[third == n]) for n in present]
    with canvas(5.2, 5.1) as figure:
        axes = figure.subplots()
        for n, curve in zip(present, curves, strict=True):
            censored = time[(third == n) & ~event]
            label = f"{GROUPS[n]}: {int((event & (third == n)).sum())} events in {int((third == n).sum())} cases"
            _draw_curve(axes, curve, censored, label, n)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(0, float(time.max()) * 1.02)
        _write_at_risk(axes, curves, present, float(time.max()))
        finish(axes, x=f"Time ({unit})" if unit else "Time", y="Free of the event", title="Survival by foretold risk")
        figure.legend(loc="outside lower left", handlelength=2.6)
        ends = "; ".join(f"{GROUPS[n]} {c.survival[-1]:.0%}" for n, c in zip(present, curves, strict=True))
        return to_svg(
            figure, f"Kaplan-Meier curves by thirds of the foretold risk. Free of the event at the end: {ends}."
        )


def _draw_curve(axes: "Axes", curve: SurvivalCurve, censored: NDArray, label: str, position: int) -> None:
    x, y = np.concatenate([[0.0], curve.times]), np.concatenate([[1.0], curve.survival])
    low, high = curve.interval()
    axes.step(x, y, where="post", color=COLOURS[position], linestyle=DASHES[position], label=label)
    below, above = (np.concatenate([[1.0], limit]) for limit in (low, high))
    axes.fill_between(x, below, above, step="post", color=COLOURS[position], alpha=0.13, linewidth=0)
    axes.plot(censored, curve.at(censored), "|", color=COLOURS[position], markersize=5, alpha=0.6)


def _write_at_risk(axes: "Axes", curves: Sequence[SurvivalCurve], groups: Sequence[int], last: float) -> None:
    """Write a line of numbers below the axis for each curve."""
    from matplotlib.ticker import MaxNLocator

    ticks = [t for t in MaxNLocator(TICKS).tick_values(0, last) if 0 <= t <= last]
    axes.set_xticks(ticks)
    kwargs = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "size": 8.5, "va": "top"}
    first = {**kwargs, "xycoords": "axes fraction", "ha": "left"}
    axes.annotate("Numbers at risk", (0, 0), xytext=(-36, -38), color=FAINT, **first)
    for line, (n, curve) in enumerate(zip(groups, curves, strict=True)):
        down = -51 - 13 * line
        for tick in ticks:
            number = f"{curve.still_followed(tick):.0f}"
            axes.annotate(number, (tick, 0), xytext=(0, down), ha="center", color=COLOURS[n], **kwargs)


def calibration_at_horizon(time: NDArray, event: NDArray, chance: NDArray, *, horizon: float, unit: str = "") -> str:
    """Return observed against foretold chance of the event by a horizon as SVG, for fifths of the foretold chance.

    A fifth's observed chance is 1 - Kaplan-Meier, its bar the 95 % interval. A fifth of which nobody was followed up
    to the horizon is left out.

    Args:
        time: ``(N,)`` follow-up, nan where missing.
        event: ``(N,)`` whether it ended with the event.
        chance: ``(N,)`` foretold chance of the event by the horizon, nan where none was told.
        horizon: in the unit of the times.
        unit: of the times.
    """
    known = np.isfinite(np.asarray(time, float)) & np.isfinite(np.asarray(chance, float))
    time, event, chance = np.asarray(time, float)[known], np.asarray(event)[known] > 0, np.asarray(chance)[known]
    points = _observed(time, event, chance, horizon)
    if not points:
        return nothing_to_draw("No calibration plot: no chance was told, or nobody was followed up to the horizon.")
    when = f"{horizon:.3g} {unit}".strip()
    foretold, observed, low, high = map(np.array, zip(*points, strict=True))
    with canvas(4.4, 4.7) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (1, 2)), label="perfectly calibrated")
        bars = [np.maximum(observed - low, 0), np.maximum(high - observed, 0)]
        axes.errorbar(
            foretold, observed, yerr=bars, marker="o", markersize=5, elinewidth=1, color=COLOURS[0],
            label=f"{len(points)} groups of equal size",
        )  # fmt: skip
        finish(
            axes,
            x=f"Foretold chance of the event by {when}",
            y="Observed chance",
            title=f"Calibration at {when}",
        )
        unit_square(axes)
        axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.15), borderaxespad=0)
        pairs = "; ".join(f"{f:.0%} foretold, {o:.0%} observed" for f, o in zip(foretold, observed, strict=True))
        return to_svg(figure, f"Calibration at {when}: {pairs}.")


def _observed(
    time: NDArray, event: NDArray, chance: NDArray, horizon: float
) -> list[tuple[float, float, float, float]]:
    """Return foretold and observed chance with its limits for each fifth."""
    if not chance.size:
        return []
    fifth = np.searchsorted(np.quantile(chance, np.arange(1, FIFTHS) / FIFTHS), chance, side="left")
    points = []
    for n in range(FIFTHS):
        inside = fifth == n
        if not inside.any() or time[inside].max() < horizon:
            continue
        curve = kaplan_meier(time[inside], event[inside])
        free = float(curve.at(horizon))
        place = int(np.searchsorted(curve.times, horizon, side="right")) - 1
        limits = [1 - limit[place] if place >= 0 else 0.0 for limit in reversed(curve.interval())]
        points.append((float(chance[inside].mean()), 1 - free, *np.nan_to_num(limits, nan=1 - free).tolist()))
    return points
