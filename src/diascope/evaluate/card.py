"""The model card: what the run's own files say, and "not available" where they say nothing."""

import re
from importlib.metadata import version
from pathlib import Path

from diascope.core.documents.document import write_atomically
from diascope.core.documents.metrics import Metrics
from diascope.core.words import listing
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_data import describe_data
from diascope.evaluate.sections_quality import measure_quality
from diascope.evaluate.sections_run import describe_run
from diascope.evaluate.sections_summary import summarise, warn
from diascope.evaluate.sections_words import Sheet, count, duration, plain

NONE = "not available"

_TRAINING = {
    "network.name": "Network",
    "network.features": "Width",
    "patch.size": "Patch",
    "preprocess.spacing_mm": "Spacing (mm)",
    "preprocess.normalise": "Normalisation",
    "batch.size": "Batch",
    "loss.name": "Loss",
    "optimiser.name": "Optimiser",
    "optimiser.learning_rate": "Learning rate",
    "schedule.steps": "Steps",
    "precision": "Precision",
    "budget.seconds": "Time budget",
    "budget.memory_bytes": "Memory budget",
}
"""Decisions that a card names; the plan has all."""

_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def write_card(evaluation: Evaluation, metrics: Metrics, folder: Path | None = None) -> Path:
    """Write ``model_card.md`` into ``folder`` (the run's own if None) and return its path.

    Raises:
        OSError: as the system says; an older card then stays as it was.
    """
    path = (folder or evaluation.run) / "model_card.md"
    write_atomically(path, render_card(evaluation, metrics).encode())
    return path


def render_card(evaluation: Evaluation, metrics: Metrics) -> str:
    """Return the card as Markdown; names from the data can start no markup and no HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 — the text is Markdown: every value goes through the filter ``md``
        loader=PackageLoader("diascope.evaluate", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = escape_markdown
    data = describe_data(evaluation, metrics)
    text = environment.get_template("model_card.md.j2").render(
        table=_table,
        summary=summarise(evaluation, metrics),
        cautions=warn(evaluation, metrics),
        quality=measure_quality(evaluation, metrics),
        data=data,
        run=describe_run(evaluation),
        details=_details(evaluation),
        made_for=_made_for(evaluation),
        training=_training(evaluation),
        items=_items(evaluation, metrics),
        problems=_problems(evaluation),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _problems(evaluation: Evaluation) -> str:
    """Return errors and warnings in words, and how many notes the report has beside them."""
    problems = evaluation.dataset.problems
    named = [p.message for p in problems if p.level != "note"]
    notes = len(problems) - len(named)
    text = listing(named, 10) if named else "none"
    return f"{text}; {count(notes, 'note')} on image quality and copies in the report" if notes else text


def escape_markdown(text: object) -> str:
    r"""Return text that Markdown and HTML show as it is, in one line.

    Example:
        >>> escape_markdown("a|b <i>\nc_d")
        'a\\|b &lt;i&gt; c\\_d'
    """
    line = " ".join(str(text).split())
    return _SPECIAL.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _table(sheet: Sheet) -> str:
    head = " | ".join(escape_markdown(name) for name in sheet.columns)
    rule = " | ".join("---:" if n in sheet.numeric else "---" for n in range(len(sheet.columns)))
    rows = (" | ".join(escape_markdown(cell) for cell in row) for row in sheet.rows)
    return "\n".join(f"| {line} |" for line in (head, rule, *rows))


def _details(evaluation: Evaluation) -> list[tuple[str, str]]:
    run = evaluation.run_document
    return [
        ("Task", f"{evaluation.task.name}, target {evaluation.target_name} ({evaluation.target.kind})"),
        ("Classes", listing(evaluation.target.classes, 30)),
        ("Input", f"{evaluation.dataset.axes}, channels {listing(evaluation.dataset.channels, 12)}"),
        ("Networks", f"{count(len(run.members), 'member')}, averaged before the answer" if run.members else NONE),
        ("Made by", f"Diascope {run.machine.get('diascope', version('diascope'))}"),
        ("Trained from", f"data set {evaluation.dataset.name}, plan {evaluation.plan.digest()}"),
        ("Owner and contact", NONE),
        ("Licence of the weights", NONE),
    ]


def _made_for(evaluation: Evaluation) -> str:
    images = " ".join(filter(None, (evaluation.dataset.axes, evaluation.dataset.modality, "images")))
    what = f"{evaluation.task.name} of {evaluation.target_name} in {images}"
    return f"research on {what} like those of {evaluation.dataset.name}"


def _training(evaluation: Evaluation) -> list[tuple[str, str]]:
    decisions, run = evaluation.plan.decisions, evaluation.run_document
    known = [
        (title, plain(key, decisions[key].value))
        for key, title in _TRAINING.items()
        if key in decisions and decisions[key].value is not None
    ]
    steps = [] if "schedule.steps" in decisions and decisions["schedule.steps"].value else _steps(evaluation)
    total = duration(run.seconds.get("total", sum(run.seconds.values()))) if run.seconds else NONE
    machine = "; ".join(f"{name} {text}" for name, text in run.machine.items()) or NONE
    return [*known, *steps, ("Time of all stages", total), ("Machine", machine), ("Energy used", NONE)]


def _steps(evaluation: Evaluation) -> list[tuple[str, str]]:
    members = evaluation.run_document.members
    return [("Steps", listing([str(m.steps) for m in members], 10))] if members else []


def _items(evaluation: Evaluation, metrics: Metrics) -> list[tuple[str, str]]:
    splits, missing = evaluation.dataset.splits, evaluation.fingerprint.targets.get(evaluation.target_name)
    return [
        ("Source of the data, dates and places", NONE),
        ("Consent or ethical approval", NONE),
        ("Inclusion and exclusion criteria", _left_out(evaluation)),
        ("Patients' age and sex", _attributes(evaluation)),
        ("Who made the reference, and how", NONE),
        ("Agreement between annotators", NONE),
        ("Missing references", count(missing.missing, "case") if missing else NONE),
        ("How the data were divided", f"{splits.origin}; grouped by {splits.grouped_by}" if splits else NONE),
        ("Size of the training part", count(len(set(evaluation.training_ids)), "case")),
        ("Size of the evaluated part", count(metrics.cases, "case")),
        ("Independent test set", "yes, a test part of the same data set" if metrics.split == "test" else NONE),
        ("External validation", NONE),
        ("Uncertainty of the numbers", f"95 % bootstrap intervals over {metrics.resampled_over}s"),
        ("Comparison", "; ".join(name.replace("_", " ") for name in metrics.baselines) or NONE),
        ("Calibration", evaluation.calibration.fitted_on if evaluation.calibration.cases else NONE),
        ("Analysis of failures", "worst cases as pictures in report.html; every case in cases.csv"),
        ("Robustness to other scanners", NONE),
        ("Effect on clinical decisions", NONE),
    ]


def _left_out(evaluation: Evaluation) -> str:
    left = len(evaluation.dataset.left_out)
    return f"criteria not available; {count(left, 'case')} left out by the data checks, named in report.html"


def _attributes(evaluation: Evaluation) -> str:
    known = [a for a in evaluation.dataset.attributes if a.lower() in {"age", "sex", "gender"}]
    return f"known: {listing(known)}" if known else NONE
