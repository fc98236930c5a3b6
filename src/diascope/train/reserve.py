"""How much time to keep for the end: a few held-out cases are taken through all of it by the untrained network."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from diascope.calibration.fit import nothing_fitted
from diascope.core.documents.dataset import Case, Dataset
from diascope.core.documents.plan import Plan
from diascope.core.errors import DatasetError, DiascopeError
from diascope.core.families import ANSWERS, TASKS
from diascope.core.ports.task import Example
from diascope.predict.case import Predictor
from diascope.predict.heldout import make_predictor, write_answer
from diascope.predict.reading import read_images, read_target, reference_image
from diascope.train.heldout import Fold

LEAST_TIMED, MOST_TIMED = 2, 4
"""Held-out cases that are timed. The first one is only counted where it is the only one: libraries are loaded in it."""

TIMED_SHARE, LARGEST_SHARE = 0.01, 0.05
"""Of the budget: once it is spent, no further case is timed; no second one either once the larger share is spent, where
loading the libraries hardly counts (chosen here: that takes a second or two, and the larger share is 3 s a minute)."""

SMALL_SECONDS = 0.005
"""For a small answer beside baselines that see no image: scoring all (chosen here from timed runs)."""

PICTURES = 4
"""Cases that the report of a dense task shows."""

REPORT_SECONDS = 7.0
"""Bootstrap, figures and pages (chosen here: 4 to 6 s in timed runs)."""

PLACE = ".timed"
"""Folder in a run for what is written only to be timed."""


@dataclass(frozen=True)
class EndTimes:
    """Median seconds of the parts of the end, for one case.

    Attributes:
        reading: its images, read and prepared; passing: one pass of one network, not mirrored.
        finishing: its prediction written and read again, the reference read, model and baseline scored.
        viewing: images, reference and prediction read for a picture.
        learning: a reference, and the images where a baseline looks at them, read and counted in for the baseline;
            most_learned: of so many cases of each fold.
    """

    reading: float
    passing: float
    finishing: float = 0.0
    viewing: float = 0.0
    learning: float = 0.0
    most_learned: int = 0

    def seconds(self, folds: Sequence[Fold], *, mirror: int, members: int) -> float:
        """Return the seconds to keep back, with so many mirrored axes and members a fold."""
        first = folds[0].parts
        pooled = first.split != "test"
        passing = self.passing * 2**mirror * members
        cases = sum(len(f.parts.evaluate) for f in folds) if pooled else len(first.evaluate)
        each = self.reading + passing * (1 if pooled else len(folds)) + self.finishing
        fitting = (self.reading + passing) * sum(len(f.parts.calibrate) for f in folds)
        trained = [set(f.parts.train) for f in folds]
        learned = [len(t) for t in (trained if pooled else [set().union(*trained)])]
        baseline = self.learning * sum(min(self.most_learned, n) for n in learned)
        return float(each * cases + fitting + baseline + self.viewing * min(PICTURES, cases) + REPORT_SECONDS)


def time_end(run: Path, dataset: Dataset, plan: Plan, fold: Fold) -> EndTimes:
    """Return what a few held-out cases take, in a predictor of one untrained network.

    Raises:
        DatasetError: none of them can be read.
    """
    predictor = make_predictor(dataset, plan, (None,), mirror=())
    times: list[EndTimes] = []
    began, cases = time.perf_counter(), dataset.by_id()
    with _folder(run / PLACE) as folder:
        for case_id in fold.parts.evaluate:
            share = (time.perf_counter() - began) / plan["budget.seconds"]
            if _is_enough(len(times), share):
                break
            try:
                times.append(_time_case(folder, dataset, predictor, cases[case_id]))
            except DiascopeError:  # prediction or evaluation refuse it by name
                continue
    if not times:
        raise DatasetError("none of the held-out cases can be read", fix="see what diascope inspect says of them")
    rows = np.array([[t.reading, t.passing, t.finishing, t.viewing, t.learning] for t in times[1:] or times])
    most = max(baseline.most for baseline in TASKS.load(plan.task).baselines)
    return EndTimes(*map(float, np.median(rows, axis=0)), most_learned=most)


def _is_enough(timed: int, share: float) -> bool:
    """Answer whether no further case is to be timed, so many being timed in a share of the budget."""
    if timed == 0:
        return False
    return timed >= MOST_TIMED or share > (TIMED_SHARE if timed >= LEAST_TIMED else LARGEST_SHARE)


def _time_case(folder: Path, dataset: Dataset, predictor: Predictor, case: Case) -> EndTimes:
    """Take one case through prediction and evaluation.

    The untrained network's map stands for the model's: it is scattered, so scoring it takes rather longer. The baseline
    of one reference stands for that of all: a map as smooth as any.
    """
    plan, target, lap = predictor.plan, predictor.target, _Stopwatch()
    task = TASKS.load(plan.task)
    images = read_images(dataset, plan, case)
    prepared = predictor.prepare(images)
    reading = lap()
    (prediction,) = predictor.answer([prepared])
    passing = lap()
    form = ANSWERS.load(task.answer)
    is_seen = any(b.looks_at_image for b in task.baselines)
    if form.read is None and not is_seen:
        return EndTimes(reading, passing, SMALL_SECONDS)
    grid = reference_image(plan, images).geometry
    reference = read_target(dataset, plan, case, images)
    referring = lap()
    writing = again = 0.0
    if form.read is not None:
        file = write_answer(folder, dataset, case, predictor=predictor, images=images, prediction=prediction)
        writing = lap()
        form.read(target, folder, file, grid)
        again = lap()
    image = reference_image(plan, images).array
    seen = [Example(None, image if b.looks_at_image else None, grid) for b in task.baselines]
    fitted = [b.fit(target, [replace(s, reference=reference)]) for b, s in zip(task.baselines, seen, strict=True)]
    counting = lap()
    for answer in (prediction, *(predict(s) for predict, s in zip(fitted, seen, strict=True))):
        task.score_case(target, reference, answer, grid, nothing_fitted())
    scoring = lap()
    return EndTimes(
        reading,
        passing,
        finishing=writing + again + referring + scoring,
        viewing=reading + referring + again,
        learning=referring + counting + (reading if is_seen else 0.0),
    )


class _Stopwatch:
    """Tells the seconds since it was last asked."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def __call__(self) -> float:
        before, self._last = self._last, time.perf_counter()
        return self._last - before


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder, which is gone afterwards; a killed run's is cleared first."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
