"""``diascope predict``: a run's answer for new images."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diascope.cli.command import BAD_INPUT, DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import note_lines, refused_lines

if TYPE_CHECKING:
    from diascope.core.ports.task import Told

EXAMPLES = """
diascope predict runs/first scan.nii.gz --out predictions
diascope predict runs/first scans/*.nii.gz --out predictions --json
"""


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope predict``."""

    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a trained run.", show_default=False)]
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="Images, or folders of images.", show_default=False)
    ]
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the predictions.", show_default=False)]
    format: Annotated[
        str | None,
        typer.Option(
            metavar="F",
            help="Format of masks: nifti, nrrd, metaimage, raster (PNG), npy, or a suffix: nii.gz, nii, mha, png, "
            "tif, tiff. Default: what the input has.",
        ),
    ] = None


def run(options: Options) -> int:
    """Predict images with a trained run; an image that cannot be read is refused by name and the rest are done."""
    from diascope import api

    check_writable(options.out)
    with show_progress() as progress:
        done = api.predict(options.run, options.inputs, out=options.out, format=options.format, progress=progress)
    if options.json:
        found = {
            "written": done.written,
            "refused": done.refused,
            "inputs": done.inputs,
            "answers": done.answers,
        }
        answer_json(found | {"notes": done.notes, "warnings": done.warnings})
    else:
        for name, told in done.answers.items():
            for line in told_lines(name, told):
                answer(line)
        answer(f"{len(done.written)} files written to {options.out}")
    warnings = [f"warning: {text}" for text in done.warnings]
    for line in [*warnings, *note_lines(done.notes), *refused_lines(done.refused)]:
        tell(line)
    if not done.refused:
        return DONE
    return SOME_REFUSED if done.written else BAD_INPUT


def told_lines(name: str, told: "Told") -> list[str]:
    """Return what is told of one case as lines: its row, or how many findings it has and a line for each."""
    if isinstance(told, dict):
        return [f"{name}: {_row(told)}"] if told else []
    findings = f"{len(told)} finding{'' if len(told) == 1 else 's'}"
    return [f"{name}: {findings}", *(f"  {_row(row)}" for row in told)]


def _row(row: dict[str, Any]) -> str:
    texts = {key: f"{value:.3f}" if isinstance(value, float) else str(value) for key, value in row.items()}
    return ", ".join(f"{key} {text}" for key, text in texts.items())


COMMAND = Command("predict", "The answer for new images.", Options, run, EXAMPLES)
