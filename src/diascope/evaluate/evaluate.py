"""Evaluate a run: metrics.json, cases.csv, report.html and model_card.md."""

import csv
import io
from pathlib import Path

from diascope.core.documents.document import write_atomically
from diascope.core.documents.metrics import Metrics
from diascope.evaluate.card import write_card
from diascope.evaluate.collect import Progress, collect
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.numbers import compute_metrics
from diascope.evaluate.report import write_report


def evaluate_run(run: Path, *, quick: bool = False, progress: Progress | None = None) -> Metrics:
    """Return the figures of a run's predictions, and write them, the cases, the report and the model card beside them.

    Args:
        run: folder of a run that has ``predictions/``.
        quick: fewer resamples.
        progress: told about each case that is scored.

    Raises:
        InputError: the run is not complete, or no case could be evaluated.
    """
    evaluation = collect(run, progress=progress)
    metrics = compute_metrics(evaluation, quick=quick)
    metrics.save(run / "metrics.json")
    write_cases(evaluation, run / "cases.csv")
    write_report(evaluation, metrics)
    write_card(evaluation, metrics)
    return metrics


def write_cases(evaluation: Evaluation, path: Path) -> None:
    """Write one row a case and class, whole or not at all; an undefined value is an empty cell."""
    text = io.StringIO()
    table: csv.DictWriter[str] | None = None
    for row, (case_id, patient) in enumerate(zip(evaluation.case_ids, evaluation.patients(), strict=True)):
        for values in evaluation.task.case_rows(evaluation.target, evaluation.table, row):
            full = {"case": case_id, "patient": patient} | values
            if table is None:
                table = csv.DictWriter(text, list(full), lineterminator="\n")
                table.writeheader()
            table.writerow(full)
    write_atomically(path, text.getvalue().encode())
