"""``diascope inspect``: what is there, and what is wrong with it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.command import Command, answer, answer_json
from diascope.cli.options import OutputOptions, check_writable
from diascope.cli.progress import show_progress

EXAMPLES = """
diascope inspect DATA
diascope inspect DATA --write dataset.yaml
diascope inspect DATA --json
"""


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope inspect``."""

    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder, table, .npz or dataset.yaml.", show_default=False)
    ]
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Save what was found, to be edited.")] = None
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the splits that are made.")] = 0


def run(options: Options) -> int:
    """Say what lies in a folder: cases, targets, splits, and every problem found."""
    from diascope import api
    from diascope.cli.inspect import as_json, exit_code, render

    if options.write is not None:
        check_writable(options.write.parent, option="--write")
    with show_progress() as progress:
        dataset = api.inspect(options.data, write=options.write, seed=options.seed, progress=progress)
    if options.json:
        answer_json(as_json(dataset))
    else:
        answer(render(dataset, terminal=sys.stdout.isatty()))
    return exit_code(dataset)


COMMAND = Command("inspect", "What is there, and what is wrong with it.", Options, run, EXAMPLES)
