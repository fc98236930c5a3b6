"""What lies in a run's folder when it is evaluated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.calibration import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Dataset, Target
from diascope.core.documents.plan import Plan
from diascope.core.documents.predictions import Predictions
from diascope.core.errors import InputError, nearest
from diascope.core.families import ANSWERS, KINDS, TASKS
from diascope.core.ports.task import Task
from diascope.curate.documents import load_dataset
from diascope.evaluate.case_data import PREDICTIONS
from diascope.predict.model import check_finished
from diascope.predict.output import ANSWERS_FILE


@dataclass(frozen=True, eq=False)
class Inputs:
    """A run's documents and predictions, before any case is scored.

    Attributes:
        root: the folder that the dataset's paths start from, absolute.
        small: case id → answer, where all stand in one file; else empty.
    """

    run: Path
    dataset: Dataset
    root: Path
    plan: Plan
    predictions: Predictions
    calibration: Calibration
    task: Task
    target: Target
    target_name: str
    small: Mapping[str, NDArray[np.float64]]

    @property
    def files(self) -> Mapping[str, str]:
        """Return case → file of its prediction."""
        return self.predictions.files

    @property
    def needs_grid(self) -> bool:
        """Answer whether reference or prediction lie on the image's grid."""
        return ANSWERS.load(self.task.answer).on_grid or KINDS.load(self.target.kind).is_map

    def calibration_of(self, case_id: str) -> Calibration:
        """Return what a case is judged by: where folds are pooled, what was fitted in the fold that evaluates it."""
        return self.calibration.of_fold(self.evaluated_in.get(case_id))

    @cached_property
    def evaluated_in(self) -> dict[str, int]:
        """Return case → fold whose networks predicted it; empty where folds are not pooled."""
        splits = self.dataset.splits
        if splits is None or self.predictions.fold != "all" or self.predictions.split != "validation":
            return {}
        return {i: number for number, fold in enumerate(splits.folds) for i in fold.validation}


def load_inputs(run: Path) -> Inputs:
    """Return what a run holds.

    Raises:
        InputError: the folder is no run, the run is not finished, or its documents do not fit together.
    """
    index = run / PREDICTIONS / "index.json"
    check_finished(run, made=[index])
    dataset, plan = load_dataset(run / "dataset.yaml"), Plan.load(run / "plan.yaml")
    calibration = run / "calibration.json"
    task = TASKS.load(plan.task)
    if plan.target is None or plan.target not in dataset.targets:
        fix = nearest(str(plan.target), dataset.targets)
        raise InputError("the plan's target is not in the data set", got=plan.target, fix=fix)
    target = dataset.targets[plan.target]
    is_file = ANSWERS.load(task.answer).write is not None
    return Inputs(
        run=run,
        dataset=dataset,
        root=Path(dataset.root),
        plan=plan,
        predictions=Predictions.load(index),
        calibration=Calibration.load(calibration) if calibration.exists() else nothing_fitted(),
        task=task,
        target=target,
        target_name=plan.target,
        small={} if is_file else _read_answers(run / PREDICTIONS / ANSWERS_FILE, task.head(target).outputs),
    )


def _read_answers(path: Path, outputs: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the answer of each case, from a network with outputs in the order of ``outputs``.

    Raises:
        InputError: the file is missing, is no JSON of the agreed form, or holds other outputs.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, cases = list(content["outputs"]), dict(content["cases"])
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        form = '{"outputs": [...], "cases": {id: [...]}}'
        raise InputError(f"{path.name} cannot be read", expected=form, got=repr(error)) from None
    if found != list(outputs):
        raise InputError(f"{path.name} holds the outputs of another target", expected=list(outputs), got=found)
    return {case_id: np.asarray(values, np.float64) for case_id, values in cases.items()}
