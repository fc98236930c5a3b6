"""``diascope evaluate``: measured quality with intervals, and the report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.command import DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import REPORT, metrics_lines, run_warnings

EXAMPLES = """
diascope evaluate runs/first
diascope evaluate runs/first OTHER_DATA --out evaluations/other
diascope evaluate runs/first --quick --json
"""


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope evaluate``."""

    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a trained run.", show_default=False)]
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", help="Other data with references. Default: the held-out part.", show_default=False
        ),
    ] = None
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for metrics and report. Default: RUN.")] = None
    quick: Annotated[bool, typer.Option("--quick", help="Fewer bootstrap samples: intervals are rougher.")] = False


def run(options: Options) -> int:
    """Evaluate a run on its held-out part or on other data: metrics.json, cases.csv and report.html."""
    from diascope import api

    out = options.out or options.run
    check_writable(out)
    with show_progress() as progress:
        metrics = api.evaluate(options.run, options.data, out=options.out, quick=options.quick, progress=progress)
    for text in run_warnings(out) if options.data else ():
        tell(f"warning: {text}")
    if options.json:
        answer_json(metrics.content())
    else:
        answer("\n".join([*metrics_lines(metrics), f"report: {out / REPORT}"]))
    return SOME_REFUSED if metrics.refused else DONE


COMMAND = Command("evaluate", "Measured quality, with intervals.", Options, run, EXAMPLES)
