"""``diascope train``: from data to a validated model, its figures and its report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.command import Command, Interrupted, answer, answer_json, tell
from diascope.cli.options import PlanningOptions, check_writable
from diascope.cli.progress import show_progress
from diascope.cli.results import exit_code_of, run_content, run_summary
from diascope.core.errors import OptionError, nearest

EXAMPLES = """
diascope train DATA --budget 20m
diascope train DATA --task segmentation --fold all --out runs/first
diascope train plan.yaml --out runs/edited
diascope train DATA --out runs/first --resume
"""

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class Options(PlanningOptions):
    """The options of ``diascope train``."""

    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Data, as for inspect, or a plan.yaml.", show_default=False)
    ]
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run. Default: runs/ and the data's name.")
    ] = None
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to train.")] = "auto"
    devices: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that train together.")] = 1
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in RUN.")] = False


def run(options: Options) -> int:
    """Train, predict and evaluate the held-out part, and write the run's folder with its report."""
    started = process_start()
    from diascope import api

    planning = options.planning()
    if options.device not in DEVICES:
        raise OptionError(f"no device {options.device!r}", fix=nearest(options.device, DEVICES))
    out = options.out or default_run_folder(options.data, resume=options.resume)
    check_writable(out)
    if options.out is None:
        tell(f"the run goes to {out}")
    try:
        with show_progress() as progress:
            folder = api.train(
                options.data,
                out=out,
                **planning,
                device=options.device,
                devices=options.devices,
                resume=options.resume,
                started=started,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise interrupted(out) from None
    if options.json:
        answer_json(run_content(folder))
    else:
        answer(run_summary(folder))
    return exit_code_of(folder)


def interrupted(out: Path) -> Interrupted:
    """Return what a run that was stopped has kept."""
    if any(out.glob("members/*/model.safetensors")) and not any(_unfinished(out)):
        return Interrupted("the trained networks are kept", resumes=True)
    if any(out.glob("members/*/checkpoint/*.safetensors")):
        return Interrupted("the last checkpoint is kept", resumes=True)
    if (out / "run.json").exists():
        return Interrupted("no step was done yet, only the plan is kept", resumes=True)
    return Interrupted("nothing was trained yet and nothing is kept", resumes=False)


def _unfinished(out: Path) -> list[Path]:
    """Return the members' folders that hold no trained network yet."""
    return [p for p in out.glob("members/*") if p.is_dir() and not (p / "model.safetensors").exists()]


def process_start() -> float:
    """Return when this process began: the budget counts from there, imports included."""
    import psutil

    return psutil.Process().create_time()


def default_run_folder(data: Path, *, resume: bool) -> Path:
    """Return ``runs/NAME`` or, where that is taken, the first free of ``runs/NAME-2``, ``-3`` …; to resume, the last.

    Raises:
        OptionError: there is no run to resume.
    """
    data = data.absolute()
    is_document = data.suffix.lower() in {".yaml", ".yml", ".csv", ".tsv", ".npz"}
    name = data.parent.name if data.name in {"dataset.yaml", "plan.yaml"} else data.stem if is_document else data.name
    name = name or "data"
    number, folder = 1, Path("runs") / name
    previous = None
    while folder.exists():
        number, previous = number + 1, folder
        folder = Path("runs") / f"{name}-{number}"
    if not resume:
        return folder
    if previous is None:
        raise OptionError("there is no run to resume", expected=f"a folder {folder}", fix="name the run with --out RUN")
    return previous


COMMAND = Command("train", "From data to a validated model and its report.", Options, run, EXAMPLES)
