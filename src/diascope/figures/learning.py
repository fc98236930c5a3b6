"""How training went."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diascope.figures.style import COLOURS, DASHES, canvas, finish, nothing_to_draw, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 300
"""Points kept of a curve; a loss is averaged between them."""

Series = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def learning_curve(records: Iterable[Mapping[str, Any]], titles: Mapping[str, str] | None = None) -> str:
    """Return the training loss and the validation metric against the step as SVG, a line a member.

    Args:
        records: of ``log.jsonl``: ``{"event": "step", "member", "step", "loss", …}`` and ``{"event": "validation",
            "member", "step", "metric", "value"}``; other events are passed over. A step that was done twice, after an
            interruption, counts as it was done last.
        titles: of the metrics.
    """
    known = list(records)
    losses = _series({**r, "value": r.get("loss")} for r in known if r.get("event") == "step")
    checks = [r for r in known if r.get("event") == "validation" and "metric" in r]
    metrics = sorted({str(r["metric"]) for r in checks})[:3]
    if not losses and not metrics:
        return nothing_to_draw("No learning curve: the log holds no step.")
    panels: list[tuple[str, Series]] = [("Training loss", losses)] if losses else []
    panels += [
        (f"Validation {(titles or {}).get(m, m)}", _series(r for r in checks if r["metric"] == m)) for m in metrics
    ]
    with canvas(3.6 * max(len(panels), 1.4), 3.0) as figure:
        for axes, (title, series) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw(axes, series, is_loss=title == "Training loss")
            finish(axes, x="Step", y="", title=title)
        return to_svg(figure, "Learning curves. " + " ".join(_describe(*panel) for panel in panels))


def _draw(axes: "Axes", series: Series, *, is_loss: bool) -> None:
    for place, (member, (steps, values)) in enumerate(series.items()):
        look = {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place % len(DASHES)]}
        x, y = _average(steps, values) if is_loss else (steps, values)
        axes.plot(x, y, label=f"member {member}", marker="" if is_loss else "o", markersize=3.5, **look)
    if len(series) > 1:
        axes.legend(loc="best", ncols=2 if len(series) > 5 else 1)


def _series(records: Iterable[Mapping[str, Any]]) -> Series:
    """Return member → steps and values in the order of the steps; a value that is not finite is left out."""
    found: dict[str, dict[float, float]] = {}
    for record in records:
        value = record.get("value")
        if isinstance(value, int | float) and np.isfinite(value) and "step" in record:
            found.setdefault(str(record.get("member", "00")), {})[float(record["step"])] = float(value)
    return {
        member: (np.array(sorted(by_step)), np.array([by_step[s] for s in sorted(by_step)]))
        for member, by_step in sorted(found.items())
    }


def _average(steps: NDArray, values: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the means over up to ``_POINTS`` equal stretches of steps."""
    parts = max(1, min(_POINTS, len(steps) // 5 or len(steps)))
    x = np.array([p.mean() for p in np.array_split(steps, parts)])
    return x, np.array([p.mean() for p in np.array_split(values, parts)])


def _describe(title: str, series: Series) -> str:
    each = [f"member {m}: from {v[0]:.3g} to {v[-1]:.3g} in {s[-1]:.0f} steps" for m, (s, v) in series.items()]
    return f"{title}, {'; '.join(each[:5])}."
