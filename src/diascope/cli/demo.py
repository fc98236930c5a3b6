"""``diascope demo``: the whole machine at work on data that need no download."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diascope.cli.command import Command, answer, answer_json, tell
from diascope.cli.options import OutputOptions, check_writable, read_duration
from diascope.cli.progress import Progress, show_progress
from diascope.cli.results import exit_code_of, run_content, run_summary
from diascope.core.errors import InputError, RunError

if TYPE_CHECKING:
    from diascope.core.image import Image

EXAMPLES = """
diascope demo
diascope demo --budget 10m --out runs/longer
"""

PLAIN_WORDS = (
    "This shows the machine working, not accuracy on patients: every head is drawn from one and the same template."
)


@dataclass(frozen=True, kw_only=True)
class Options(OutputOptions):
    """The options of ``diascope demo``."""

    budget: Annotated[str, typer.Option(metavar="TIME", help="Wall clock of the training command.")] = "3m"
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run; an earlier demo in it is replaced.")] = (
        Path("runs/demo")
    )
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the population and the training.")] = 0


def run(options: Options) -> int:
    """Draw a virtual population from a real brain template, train, predict and evaluate a tissue segmentation."""
    from diascope import api
    from diascope.cli.demo_data import TEMPLATE, Recipe, write_population

    budget = read_duration(options.budget)
    check_writable(options.out)
    clear_earlier(options.out)
    tell(PLAIN_WORDS)
    with show_progress() as progress:
        data = write_population(data_folder(options.out), Recipe(seed=options.seed), progress)
        folder = api.train(data, out=options.out, budget=budget, seed=options.seed, progress=progress)
        dice = score_template(folder, data / TEMPLATE, progress)
    if options.json:
        answer_json(run_content(folder) | {"template_dice": dice, "note": PLAIN_WORDS})
    else:
        answer(run_summary(folder))
        answer("untouched template, Dice: " + ", ".join(f"{name} {value:.3f}" for name, value in dice.items()))
        answer(PLAIN_WORDS)
    return exit_code_of(folder)


def data_folder(out: Path) -> Path:
    """Return where the population of a demo lies: beside its run, kept for the next one."""
    return out.with_name(f"{out.name}-data")


def clear_earlier(out: Path) -> None:
    """Remove an earlier demo's run, and nothing else.

    Raises:
        InputError: the folder holds something that no demo wrote.
    """
    from diascope.cli.demo_data import NAME

    if not out.exists() or not any(out.iterdir()):
        return
    document = out / "dataset.yaml"
    if not (document.exists() and NAME in document.read_text(encoding="utf-8", errors="replace")[:4096]):
        raise InputError(f"{out.name} holds something that is no demo", fix="choose another --out")
    shutil.rmtree(out)


def score_template(folder: Path, template: Path, progress: Progress) -> dict[str, float]:
    """Return the Dice of each tissue on the template that the population was drawn from, on its own 1 mm grid.

    Raises:
        RunError: the template could not be predicted.
    """
    from diascope import api
    from diascope.cli.demo_data import TEMPLATE_LABELS
    from diascope.core.documents.dataset import Source
    from diascope.io import read_image
    from diascope.physics.population import TISSUES

    done = api.predict(folder, [template], out=folder / "template", progress=progress)
    if done.refused or not done.written:
        raise RunError("the template was refused", got="; ".join(done.refused.values()))
    predicted = read_image(Path("."), Source(path=str(done.written[0])))
    reference = read_image(template.parent, Source(path=Path(TEMPLATE_LABELS).name))
    return {name: _dice(reference, predicted, number) for number, name in enumerate(TISSUES) if number}


def _dice(reference: "Image", predicted: "Image", number: int) -> float:
    """Return the metric family's own Dice of one class."""
    from diascope.core.families import METRICS

    compute: Any = METRICS.load("dice").compute
    first, second = (image.array[0] == number for image in (reference, predicted))
    return float(compute(first, second, reference.geometry.spacing_mm))


COMMAND = Command("demo", "The whole machine at work; needs no download.", Options, run, EXAMPLES)
