"""After training: fit on held-back cases, then predict the held-out part once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.calibration.fit import fit
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.plan import Plan
from diascope.core.families import KINDS, TASKS
from diascope.predict.case import work
from diascope.predict.heldout import VECTORS_TOGETHER, Part, make_predictor, predict_part, predict_vectors
from diascope.predict.reading import read_images
from diascope.train.parts import Parts

Progress = Callable[[str, int, int, str], None]
EVALUATION_SECONDS_A_CASE = {True: 0.1, False: 0.005}
"""For a dense task and for one vector a case: scoring model and baseline (chosen here from timed runs)."""
REPORT_SECONDS = 8.0
"""Bootstrap, figures and pages (chosen here from timed runs)."""


@dataclass(frozen=True)
class Fold:
    """A fold's parts and the weights of its trained members."""

    number: int
    parts: Parts
    weights: tuple[Path, ...]


def predict_heldout(run: Path, dataset: Dataset, plan: Plan, folds: Sequence[Fold], progress: Progress | None) -> None:
    """Fit the calibration and write ``RUN/calibration.json`` and ``RUN/predictions``.

    On a given test part all members of all folds are averaged; without one each fold's members predict their own
    validation part, so that every prediction is out of fold.
    """
    _fit_calibration(run, dataset, plan, folds, progress)
    training = sorted({i for fold in folds for i in fold.parts.train})
    part = Part(folds[0].parts.split, plan.fold, _groups(folds), training)
    predict_part(run / "predictions", dataset, plan, part, progress)


def reserve_seconds(dataset: Dataset, plan: Plan, folds: Sequence[Fold], *, mirror: int) -> float:
    """Return the seconds to keep back for the end, from one held-out case predicted by the untrained network."""
    first = folds[0].parts
    task = TASKS.load(plan.task)
    predictor = make_predictor(dataset, plan, (None,), mirror=())
    times = []
    for case_id in first.evaluate[:3]:
        start = time.perf_counter()
        images = read_images(dataset, plan, dataset.by_id()[case_id])
        prepared = predictor.prepare(images)
        between = time.perf_counter()
        predictor.predict(images)
        shape = prepared.array.shape[1:]
        each = (time.perf_counter() - between) / work(plan, shape, 1, 0)
        times.append((between - start, each * work(plan, shape, 1, mirror)))
    reading, passing = np.median(np.array(times), axis=0)
    members = max(1, len(folds[0].weights)) if first.split != "test" else sum(len(f.weights) or 1 for f in folds)
    cases = len(first.evaluate) if first.split == "test" else sum(len(f.parts.evaluate) for f in folds)
    fitting = sum(len(f.parts.calibrate) for f in folds)
    each = reading + passing * members + EVALUATION_SECONDS_A_CASE[task.dense]
    return float(each * cases + (reading + passing) * fitting + REPORT_SECONDS)


def _groups(folds: Sequence[Fold]) -> list[tuple[tuple[str, ...], tuple[Path, ...]]]:
    """Return which cases are predicted by which weights."""
    if folds[0].parts.split == "test":
        return [(folds[0].parts.evaluate, tuple(w for fold in folds for w in fold.weights))]
    return [(fold.parts.evaluate, fold.weights) for fold in folds]


def _fit_calibration(run: Path, dataset: Dataset, plan: Plan, folds: Sequence[Fold], progress: Progress | None) -> None:
    """Fit on cases that are neither trained on nor evaluated, each predicted by members that did not see it."""
    task, target = TASKS.load(plan.task), dataset.targets[plan.target or ""]
    if not task.fits or not any(fold.parts.calibrate for fold in folds):
        return
    kind, cases = KINDS.load(target.kind), dataset.by_id()
    found: dict[str, NDArray] = {}
    for number, fold in enumerate(folds):
        predictor, ids = make_predictor(dataset, plan, fold.weights), fold.parts.calibrate
        for first in range(0, len(ids), VECTORS_TOGETHER):
            logits, _ = predict_vectors(dataset, predictor, ids[first : first + VECTORS_TOGETHER])
            found |= {f"{number}/{case_id}": values for case_id, values in logits.items()}
        if progress:
            progress("calibrate", number + 1, len(folds), f"{len(found)} cases")
    references = [kind.encode(target, cases[k.split("/", 1)[1]].targets.get(plan.target or "")) for k in found]
    fitted_on = folds[0].parts.fitted_on
    logits = np.stack(list(found.values()))
    calibration = fit(task.fits, logits, np.stack(references), task.head(target), fitted_on=fitted_on)
    calibration.save(run / "calibration.json")
