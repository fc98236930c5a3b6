"""Numbers with their intervals, beside a baseline's."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from diascope.core.documents.metrics import ClassValue, MetricValue
from diascope.figures.style import COLOURS, FAINT, MARKERS, canvas, finish, nothing_to_draw, shorten, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = Mapping[str, MetricValue] | Mapping[str, ClassValue]
LEGEND_COLUMNS = 2
"""Names of baselines take up to half of the figure's width."""

Row = tuple[str, MetricValue | ClassValue, list[MetricValue | ClassValue]]


def forest(metrics: Values, baselines: Mapping[str, Values], titles: Mapping[str, str] | None = None) -> str:
    """Return each metric as a point with its 95 % interval, the baselines in grey beside it, as SVG.

    Args:
        metrics: name → value; undefined ones are left out.
        baselines: name of the baseline → its metrics.
        titles: name → how the page calls it.

    Shares (no unit, within 0 and 1) have one axis together; every other unit has its own.
    """
    rows: dict[str, list[Row]] = {}
    for name, value in metrics.items():
        if value.value is not None:
            beside = [b[name] for b in baselines.values() if name in b]
            rows.setdefault(_axis(value, beside), []).append(((titles or {}).get(name, name), value, beside))
    if not rows:
        return nothing_to_draw("No metric is defined.")
    heights = [len(r) + 1.0 for r in rows.values()]
    legend_rows = -(-(1 + len(baselines)) // LEGEND_COLUMNS)
    with canvas(7.2, 0.35 + 0.22 * legend_rows + 0.36 * sum(heights)) as figure:
        panels = figure.subplots(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, (unit, group) in zip(panels, rows.items(), strict=True):
            _draw(axes, group)
            finish(axes, x=unit, y="")
            axes.grid(visible=False, axis="y")
            if not unit:
                axes.set_xlim(-0.02, 1.02)
            elif axes.dataLim.x0 >= 0:
                axes.set_xlim(left=0)  # a length from nothing, so that bars of distance compare
        _legend(figure, list(baselines))
        words = "; ".join(f"{title} {describe(value)}" for group in rows.values() for title, value, _ in group)
        return to_svg(figure, f"Metrics with 95 % intervals: {words}.")


def describe(value: MetricValue | ClassValue) -> str:
    """Return ``0.893 (0.881 to 0.905)``, with the unit where there is one, or ``undefined``."""
    if value.value is None:
        return "undefined"
    unit = getattr(value, "unit", "")
    interval = f" ({value.ci95[0]:.3f} to {value.ci95[1]:.3f})" if value.ci95 else ""
    return f"{value.value:.3f}{' ' + unit if unit else ''}{interval}"


def _axis(value: MetricValue | ClassValue, beside: Sequence[MetricValue | ClassValue]) -> str:
    """Return what the value's axis is called: empty for shares, else the unit."""
    numbers = [n for v in (value, *beside) for n in (v.value, *(v.ci95 or ())) if n is not None]
    unit = getattr(value, "unit", "")
    return unit or ("" if all(0 <= n <= 1 for n in numbers) else "no unit")


def _draw(axes: "Axes", rows: Sequence[Row]) -> None:
    for place, (_, value, beside) in enumerate(rows):
        for nth, other in enumerate(beside, start=1):
            _point(axes, other, place + 0.2 * nth, FAINT, MARKERS[nth % len(MARKERS)])
        _point(axes, value, place - 0.1 if beside else place, COLOURS[0], "o")
    axes.set_yticks(range(len(rows)), [shorten(title, 42) for title, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)


def _point(axes: "Axes", value: MetricValue | ClassValue, height: float, colour: str, marker: str) -> None:
    if value.value is None:
        return
    if value.ci95:
        axes.plot(value.ci95, [height, height], color=colour, linewidth=1.8)
    fill = "white" if colour == FAINT else colour
    axes.plot([value.value], [height], marker, color=colour, markersize=5, markerfacecolor=fill)


def _legend(figure: "Figure", baselines: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], marker="o", color=COLOURS[0], label="this model")]
    for nth, name in enumerate(baselines, start=1):
        label = f"baseline: {name.replace('_', ' ')}"
        marker = MARKERS[nth % len(MARKERS)]
        entries.append(Line2D([], [], marker=marker, color=FAINT, markerfacecolor="white", label=shorten(label, 42)))
    figure.legend(handles=entries, loc="outside upper left", ncols=LEGEND_COLUMNS, borderaxespad=0.2)
