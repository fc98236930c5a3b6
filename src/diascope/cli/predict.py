"""``diascope predict``: a run's answer for new images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.command import BAD_INPUT, DONE, SOME_REFUSED, Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import note_lines, refused_lines

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
            "probabilities": done.probabilities,
        }
        answer_json(found | {"notes": done.notes, "warnings": done.warnings})
    else:
        for name, classes in done.probabilities.items():
            answer(f"{name}: " + ", ".join(f"{label} {value:.3f}" for label, value in classes.items()))
        answer(f"{len(done.written)} files written to {options.out}")
    warnings = [f"warning: {text}" for text in done.warnings]
    for line in [*warnings, *note_lines(done.notes), *refused_lines(done.refused)]:
        tell(line)
    if not done.refused:
        return DONE
    return SOME_REFUSED if done.written else BAD_INPUT


COMMAND = Command("predict", "The answer for new images.", Options, run, EXAMPLES)
