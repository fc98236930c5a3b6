"""Images → their predicted masks, by a run, for measuring only."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError
from diascope.measure.masks import Found, Masks
from diascope.predict.inputs import cases_of
from diascope.predict.model import Model
from diascope.predict.output import TABLE
from diascope.predict.reading import reference_channel

Progress = Callable[[str, int, int, str], None]


def predict_masks(run: Path, inputs: Sequence[Path], folder: Path, progress: Progress | None = None) -> Found:
    """Return what a run predicts for images; the masks are written into ``folder``.

    Raises:
        InputError: the run is not finished or predicts no masks, or none of the images is there.
    """
    model = Model.load(run)
    if not model.has_files:
        raise InputError(
            f"the run {run.name} has no masks to measure", expected="a run of segmentation", got=model.plan.task
        )
    done = model.predict_files(inputs, folder, progress=progress)
    cases, _ = cases_of(inputs, model.plan["preprocess.channels"])
    sources = {case.id: case.images for case in cases}
    found = Found(refused=dict(done.refused), told=list(done.warnings))
    name = model.plan.target or ""
    if not done.written:
        return found
    with (folder / TABLE).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            images = sources[row["case"]]
            mask = Source(path=str((folder / row["file"]).resolve()))
            image = images[reference_channel(model.plan, images)]
            found.cases.append(Masks(row["case"], {name: (mask, model.target)}, image))
    return found
