"""A patient over time: curves of size, and each lesion side by side at every visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.figures.outlines import PREDICTION, REFERENCE
from diascope.figures.style import COLOURS, DASHES, FAINT, INK, MARKERS, canvas, finish, shorten, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES = len(COLOURS)

Point = tuple[float, float | None, float | None] | None
"""A value with the bounds of its interval; None where it is undefined."""


@dataclass(frozen=True)
class Timeline:
    """What the curves show, one entry a visit in every sequence.

    Attributes:
        when: days, or numbers of the visits.
        is_days: which of the two.
        sums: RECIST's sum of diameters in mm.
        partial, progress: the sum at or below which it is partial response, and from which it is progression.
        responses: categories, written above the sums; empty where there is none.
        volumes: lesion → volume in ml.
    """

    when: Sequence[float]
    is_days: bool
    sums: Sequence[Point]
    partial: Sequence[float | None]
    progress: Sequence[float | None]
    responses: Sequence[str]
    volumes: Mapping[str, Sequence[Point]]


@dataclass(frozen=True, eq=False)
class Cell:
    """One lesion at one visit, first row at the top.

    Attributes:
        image: ``(R, Q)`` grey.
        now, first: its outlines ``(R, Q)`` at this visit and at the one at which it was first seen.
        size: height and width of a pixel in mm.
        caption: a few words below.
        sides: letters of the left, right and upper side.
    """

    image: NDArray
    now: NDArray[np.bool_]
    first: NDArray[np.bool_]
    size: tuple[float, float]
    caption: str
    sides: tuple[str, str, str] | None


def timeline(content: Timeline) -> str:
    """Return the sum of diameters with its thresholds, and the volume of each lesion, over time as SVG."""
    with canvas(7.4, 3.1) as figure:
        left, right = figure.subplots(1, 2)
        _draw_sums(left, content)
        _draw_volumes(right, content)
        for axes in (left, right):
            _mark_time(axes, content)
        said = "; ".join(
            f"{when:g}: {'undefined' if s is None else f'{s[0]:.0f} mm'} {answer}".strip()
            for when, s, answer in zip(content.when, content.sums, content.responses, strict=True)
        )
        return to_svg(figure, f"Sum of diameters and volumes of the lesions over time. {said}")


def _mark_time(axes: "Axes", content: Timeline) -> None:
    span = max(content.when) - min(content.when)
    axes.set_xlim(min(content.when) - 0.08 * span, max(content.when) + 0.08 * span)
    axes.set_xticks(list(content.when))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), high * 1.02)


def _draw_sums(axes: "Axes", content: Timeline) -> None:
    known = [(w, s) for w, s in zip(content.when, content.sums, strict=True) if s is not None]
    title, unit = "Sum of diameters (95 % interval)", "days" if content.is_days else "visit"
    finish(axes, x=unit, y="mm", title=title)
    if not known:
        axes.text(0.5, 0.5, "no lesion is followed", transform=axes.transAxes, ha="center", color=FAINT)
        axes.set_ylim(0, 1)
        return
    for values, name, dash in ((content.progress, "progression", "--"), (content.partial, "partial response", ":")):
        _draw_threshold(axes, content.when, values, name, dash)
    _draw_points(axes, known, COLOURS[0], "-", "o")
    top = max(s[2] if s[2] is not None else s[0] for _, s in known)
    above = [v for v in content.progress if v is not None]
    axes.set_ylim(0, max([top, *above]) * 1.22)
    for when, point, answer in zip(content.when, content.sums, content.responses, strict=True):
        if answer:
            high = 0.0 if point is None else point[2] if point[2] is not None else point[0]
            place = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "fontweight": "bold"}
            axes.annotate(answer, (when, high), color=INK, **place)


def _draw_threshold(axes: "Axes", when: Sequence[float], values: Sequence[float | None], name: str, dash: str) -> None:
    """Draw what decides at each visit, from the visit before up to it."""
    for n in range(1, len(when)):
        value = values[n]
        if value is not None:
            axes.plot(when[n - 1 : n + 1], [value, value], dash, color=FAINT, linewidth=1.2)
    last = values[-1]
    if last is not None:
        place = {"xytext": (-14, 3), "textcoords": "offset points", "ha": "right", "fontsize": 8}
        axes.annotate(name, (when[-1], last), color=FAINT, **place)


def _draw_volumes(axes: "Axes", content: Timeline) -> None:
    finish(axes, x="days" if content.is_days else "visit", y="ml", title="Volume of each lesion")
    names = list(content.volumes)
    for n, name in enumerate(names[:MOST_CURVES]):
        known = [(w, v) for w, v in zip(content.when, content.volumes[name], strict=True) if v is not None]
        _draw_points(axes, known, COLOURS[n], DASHES[n], MARKERS[n], label=shorten(name, 18))
    if names:
        more = len(names) - MOST_CURVES
        axes.legend(title=f"and {more} more" if more > 0 else None, loc="best", ncols=2 if len(names) > 4 else 1)
    else:
        axes.text(0.5, 0.5, "no lesion", transform=axes.transAxes, ha="center", color=FAINT)


def _draw_points(
    axes: "Axes",
    points: Sequence[tuple[float, tuple[float, float | None, float | None]]],
    colour: str,
    dash: object,
    marker: str,
    *,
    label: str | None = None,
) -> None:
    """Draw a curve with bars for its intervals."""
    when, values = [w for w, _ in points], [v[0] for _, v in points]
    low = [v[0] if v[1] is None else v[1] for _, v in points]
    high = [v[0] if v[2] is None else v[2] for _, v in points]
    bars = [[v - b for v, b in zip(values, low, strict=True)], [b - v for v, b in zip(values, high, strict=True)]]
    axes.errorbar(when, values, yerr=bars, color=colour, marker=marker, markersize=4.5, elinewidth=1, capsize=2,
                  linestyle=dash, label=label)  # fmt: skip


def lesion_grid(columns: Sequence[str], rows: Sequence[str], cells: Mapping[tuple[int, int], Cell]) -> str:
    """Return each lesion (a column) at each visit (a row), brought to where it was first seen, as SVG.

    Args:
        columns: what stands above each lesion.
        rows: what stands beside each visit.
        cells: ``(row, column)`` → what to show; a pair that is missing stays empty.
    """
    with canvas(1.1 + 2.1 * len(columns), 0.5 + 2.35 * len(rows)) as figure:
        grid = figure.subplots(len(rows), len(columns), squeeze=False)
        for (row, column), axes in np.ndenumerate(grid):
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_frame_on(False)
            if row == 0:
                axes.set_title(columns[column])
            if column == 0:
                axes.set_ylabel(rows[row])
            if (row, column) in cells:
                same = [cell.image for (_, c), cell in cells.items() if c == column]
                low, high = np.percentile(np.concatenate([image.ravel() for image in same]), [1, 99])
                _draw_cell(axes, cells[row, column], (float(low), float(high)))
        words = "; ".join(f"{columns[c]}, {rows[r]}: {cell.caption}" for (r, c), cell in sorted(cells.items()))
        return to_svg(figure, f"Lesions at each visit, outlined now and as first seen. {words}")


def _draw_cell(axes: "Axes", cell: Cell, window: tuple[float, float]) -> None:
    height, width = (n * s for n, s in zip(cell.image.shape, cell.size, strict=True))
    low, high = window
    extent = (0.0, width, height, 0.0)
    axes.imshow(cell.image, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), extent=extent, interpolation="bilinear")
    axes.set_anchor("N")
    x, y = ((np.arange(n) + 0.5) * s for n, s in zip(cell.image.shape[::-1], cell.size[::-1], strict=True))
    for mask, colour, dash in ((cell.first, REFERENCE, "dashed"), (cell.now, PREDICTION, "solid")):
        if mask.any() and not mask.all():
            axes.contour(x, y, mask.astype(float), [0.5], colors=colour, linewidths=1.4, linestyles=dash)
    axes.set_xlabel(cell.caption, fontsize=8.5)
    if cell.sides:
        places = ((0.03, 0.5, "left"), (0.97, 0.5, "right"), (0.5, 0.94, "center"))
        for (where_x, where_y, side), letter in zip(places, cell.sides, strict=True):
            axes.text(
                where_x, where_y, letter, transform=axes.transAxes, ha=side, va="center", color="white", fontsize=8
            )
