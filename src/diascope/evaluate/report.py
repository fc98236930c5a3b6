"""The self-contained page that a clinician can read and an engineer can defend."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from diascope.core.documents.document import write_atomically
from diascope.core.documents.metrics import Metrics
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_cases import show_cases, shows_numbers
from diascope.evaluate.sections_data import describe_data
from diascope.evaluate.sections_quality import measure_quality
from diascope.evaluate.sections_run import describe_run
from diascope.evaluate.sections_summary import summarise, warn

TITLES = {
    "quality": "How good it is",
    "classes": "Each class",
    "plots": "Plots",
    "cases": "Worst, median, best",
    "groups": "Groups",
    "data": "The data",
    "decisions": "What was decided",
    "learning": "Learning curves",
    "run": "The run",
    "again": "Reproduce it",
}


def write_report(evaluation: Evaluation, metrics: Metrics, folder: Path | None = None) -> Path:
    """Write ``report.html`` into ``folder`` (the run's own if None) and return its path.

    The page has no script and refers to nothing outside itself. Patients appear as numbers only.

    Raises:
        OSError: as the system says; an older report then stays as it was.
    """
    path = (folder or evaluation.run) / "report.html"
    write_atomically(path, render_report(evaluation, metrics).encode())
    return path


def render_report(evaluation: Evaluation, metrics: Metrics) -> str:
    """Return the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("diascope.evaluate", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    summary, quality = summarise(evaluation, metrics), measure_quality(evaluation, metrics)
    cases, run = show_cases(evaluation), describe_run(evaluation)
    absent = {
        name
        for name, there in {
            "classes": quality.per_class, "plots": quality.plots, "cases": cases, "groups": quality.groups,
        }.items() if not there
    }  # fmt: skip
    return environment.get_template("report.html").render(
        version=version("diascope"),
        css=files("diascope.evaluate").joinpath("templates/style.css").read_text(encoding="utf-8"),
        contents=[(name, title) for name, title in TITLES.items() if name not in absent],
        summary=summary,
        cautions=warn(evaluation, metrics),
        quality=quality,
        calibration=run.calibration if evaluation.task.fits else "",
        cases=cases,
        cases_words=evaluation.task.ranked_by,
        with_numbers=shows_numbers(evaluation),
        data=describe_data(evaluation, metrics),
        run=run,
    )
