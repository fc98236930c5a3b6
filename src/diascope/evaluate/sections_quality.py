"""How good the model is: metrics beside the baseline, each class, each group, and the task's own plots."""

from dataclasses import dataclass

from diascope.core.documents.metrics import ClassValue, Metrics
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_words import Sheet, count, explained, sheet, title_of, with_interval
from diascope.figures import forest

_GROUP_METRICS = 4
"""Columns of the groups' table: the headline and the next three."""


@dataclass(frozen=True)
class Quality:
    """The section's tables and pictures (SVG); ``per_class`` holds a table for each metric that has classes."""

    metrics: Sheet
    forest: str
    words: tuple[tuple[str, str], ...]
    baselines: tuple[str, ...]
    resampled: str
    per_class: Sheet | None
    per_class_forest: str
    plots: tuple[tuple[str, str], ...]
    groups: tuple[Sheet, ...]


def measure_quality(evaluation: Evaluation, metrics: Metrics) -> Quality:
    """Return all that the report says about quality."""
    names = list(metrics.metrics)
    headline = next((m for m in evaluation.task.metrics if m in names), names[0])
    classes = metrics.metrics[headline].per_class
    several = len(classes) > 1
    over = "patients, with all cases of a patient together" if metrics.resampled_over == "patient" else "cases"
    return Quality(
        metrics=_metrics_sheet(metrics),
        forest=forest(metrics.metrics, {k: b.metrics for k, b in metrics.baselines.items()}, _titles(names)),
        words=tuple((title_of(n), explained(n)) for n in names if explained(n)),
        baselines=tuple(_sentence(k, b.describe) for k, b in metrics.baselines.items()),
        resampled=f"Intervals are 95 % bootstrap intervals over {over}.",
        per_class=_class_sheet(metrics) if several else None,
        per_class_forest=_class_forest(metrics, headline, classes) if several else "",
        plots=_plots(evaluation),
        groups=tuple(_group_sheet(metrics, column) for column in metrics.groups),
    )


def _titles(names: list[str]) -> dict[str, str]:
    return {name: title_of(name) for name in names}


def _sentence(name: str, describe: str) -> str:
    name = name.replace("_", " ")
    return f"Baseline “{name}”: {describe.rstrip('.')}." if describe else f"Baseline: {name}."


def _metrics_sheet(metrics: Metrics) -> Sheet:
    columns = ["Metric", "This model"]
    for name in metrics.baselines:
        columns += [f"Baseline: {name.replace('_', ' ')}", "Difference"]
    rows = []
    for name, value in metrics.metrics.items():
        others = [v for b in metrics.baselines.values() for v in (b.metrics.get(name), b.difference.get(name))]
        rows.append([title_of(name), *(with_interval(v, value.unit) for v in (value, *others))])
    caption = f"Metrics of {count(metrics.cases, 'case')} with 95 % intervals"
    return sheet(columns, rows, caption=caption)


def _class_sheet(metrics: Metrics) -> Sheet:
    """Return one row a class, with value and interval of each metric that is given by class."""
    able = {name: v for name, v in metrics.metrics.items() if v.per_class}
    classes = list(dict.fromkeys(c for v in able.values() for c in v.per_class))
    first = next(iter(able.values()))
    rows = []
    for name in classes:
        values = [(v.per_class.get(name), v.unit) for v in able.values()]
        cells = [with_interval(value, unit) for value, unit in values]
        rows.append([name, str(first.per_class[name].n) if name in first.per_class else "–", *cells])
    columns = ["Class", "Cases judged", *(title_of(name) for name in able)]
    return sheet(columns, rows, caption="Metrics of each class with 95 % intervals")


def _class_forest(metrics: Metrics, headline: str, classes: dict[str, ClassValue]) -> str:
    shown = dict(list(classes.items())[:40])
    beside = {
        name: base.metrics[headline].per_class for name, base in metrics.baselines.items() if headline in base.metrics
    }
    return forest(shown, beside)


def _plots(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return name and SVG of each of the task's plots that makes sense for this target."""
    drawn = ((name, draw(evaluation.target, evaluation.table)) for name, draw in evaluation.task.plots.items())
    return tuple((name.replace("_", " "), picture) for name, picture in drawn if picture)


def _group_sheet(metrics: Metrics, column: str) -> Sheet:
    names = list(metrics.metrics)[:_GROUP_METRICS]
    rows = [
        [value, str(group.n), *(with_interval(group.metrics.get(n), metrics.metrics[n].unit) for n in names)]
        for value, group in metrics.groups[column].items()
    ]
    return sheet([column, "Cases", *(title_of(n) for n in names)], rows, caption=f"Metrics by {column}")
