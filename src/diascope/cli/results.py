"""What a finished run says of itself on the command line: metrics, files, refused cases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diascope.cli.command import DONE, SOME_REFUSED

if TYPE_CHECKING:
    from diascope.core.documents.metrics import Metrics, MetricValue

REPORT, CARD, METRICS, CASES = "report.html", "model_card.md", "metrics.json", "cases.csv"
DATASET = "dataset.yaml"
MOST_NAMES = 3


def load_metrics(folder: Path) -> "Metrics | None":
    """Return a run's metrics, None where it has none."""
    from diascope.core.documents.metrics import Metrics

    path = folder / METRICS
    return Metrics.load(path) if path.exists() else None


def exit_code_of(folder: Path) -> int:
    """Return 3 where a case could not be read, in training or evaluation, else 0."""
    from diascope.core.documents.dataset import Dataset
    from diascope.curate import unreadable

    metrics = load_metrics(folder)
    refused = bool(metrics and metrics.refused) or bool(unreadable(Dataset.load(folder / DATASET)))
    return SOME_REFUSED if refused else DONE


def run_content(folder: Path) -> dict[str, Any]:
    """Return what ``--json`` gives of a run."""
    metrics = load_metrics(folder)
    files = {name: folder / name for name in (REPORT, CARD, METRICS, CASES) if (folder / name).exists()}
    return {"run": folder, "files": files, "metrics": metrics.content() if metrics else None}


def run_summary(folder: Path) -> str:
    """Return the metrics with their intervals and where the files lie."""
    metrics = load_metrics(folder)
    lines = metrics_lines(metrics) if metrics else ["no metrics: there was no held-out part to evaluate"]
    lines += [f"{title}: {folder / name}" for title, name in _files(folder).items()]
    lines += [f"warning: {text}" for text in run_warnings(folder)]
    return "\n".join(lines)


def run_warnings(folder: Path) -> tuple[str, ...]:
    """Return what the run warns of, such as a budget that was passed."""
    from diascope.core.documents.run import Run

    return Run.load(folder / "run.json").warnings if (folder / "run.json").exists() else ()


def _files(folder: Path) -> dict[str, str]:
    """Return title → name of the files that a person reads."""
    titles = {"report": REPORT, "model card": CARD, "cases": CASES}
    return {title: name for title, name in titles.items() if (folder / name).exists()}


def metrics_lines(metrics: "Metrics") -> list[str]:
    """Return what was evaluated and a line for each metric, beside the baseline's."""
    patients = "" if metrics.patients is None else f" of {metrics.patients} patients"
    lines = [
        f"{metrics.task} of {metrics.target}, {metrics.split}: {metrics.cases} cases{patients}, "
        f"95 % intervals over each {metrics.resampled_over}"
    ]
    for name, value in metrics.metrics.items():
        beside = [f"{key} {_value(b.metrics[name])}" for key, b in metrics.baselines.items() if name in b.metrics]
        lines.append(f"  {name:<18} {_value(value)}" + (f"   (baseline: {', '.join(beside)})" if beside else ""))
    return lines + refused_lines(metrics.refused)


def refused_lines(refused: Mapping[str, str]) -> list[str]:
    """Return a line for each reason, with the names of all cases that were refused for it."""
    grouped: dict[str, list[str]] = {}
    for name, reason in refused.items():
        grouped.setdefault(reason, []).append(name)
    return [f"refused {', '.join(names)}: {reason}" for reason, names in grouped.items()]


def note_lines(notes: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a line for each note, with the first cases that it was made on and the number of the others."""
    grouped: dict[str, list[str]] = {}
    for name, some in notes.items():
        for note in dict.fromkeys(some):
            grouped.setdefault(note, []).append(name)
    return [f"note on {_some(names)}: {note}" for note, names in grouped.items()]


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _value(value: "MetricValue") -> str:
    """Return a number with its interval and unit."""
    if value.value is None:
        return "undefined"
    interval = f" [{value.ci95[0]:.4g}, {value.ci95[1]:.4g}]" if value.ci95 else ""
    return f"{value.value:.4g}{interval}{' ' if value.unit else ''}{value.unit}"
