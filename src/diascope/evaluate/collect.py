"""Score a run's predictions, one case in memory at a time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Case
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.run import Run
from diascope.core.errors import DiascopeError, InputError
from diascope.core.geometry import Geometry
from diascope.core.ports.task import Table
from diascope.evaluate.baseline import Baseline, fit_baselines
from diascope.evaluate.case_data import PREDICTIONS, may_resample_masks, read_grid, read_prediction, read_reference
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.inputs import Inputs, load_inputs

Progress = Callable[[str, int, int, str], None]
"""``(stage, done, total, text)``."""

Scored = dict[str, NDArray]


def collect(run: Path, *, progress: Progress | None = None) -> Evaluation:
    """Return the scores of every case that a run has predicted.

    A case whose prediction or reference cannot be used is named in ``refused``, and the rest go on.

    Raises:
        InputError: a document is missing or does not fit, or no case is left.
    """
    inputs = load_inputs(run)
    baseline = fit_baselines(inputs)
    kept, refused = _score_all(inputs, baseline, progress)
    table = _stack([scored for scored, _ in kept.values()])
    others = [other for _, other in kept.values() if other is not None]
    return Evaluation(
        run=run,
        dataset=inputs.dataset,
        root=inputs.root,
        fingerprint=Fingerprint.load(run / "fingerprint.json"),
        plan=inputs.plan,
        run_document=Run.load(run / "run.json"),
        calibration=inputs.calibration,
        task=inputs.task,
        target=inputs.target,
        target_name=inputs.target_name,
        split=inputs.predictions.split,
        fold=inputs.predictions.fold,
        case_ids=tuple(kept),
        table=table,
        baseline_table=_stack(others) if len(others) == len(kept) else None,
        baseline_describe=baseline.describe if baseline else "",
        headline=inputs.task.case_headline(inputs.target, table),
        training_ids=inputs.predictions.training,
        files=inputs.predictions.files,
        refused=refused,
        notes=inputs.predictions.notes,
    )


def _stack(rows: list[Scored]) -> Table:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _score_all(
    inputs: Inputs, baseline: Baseline | None, progress: Progress | None
) -> tuple[dict[str, tuple[Scored, Scored | None]], dict[str, str]]:
    """Return each case's scores and its baseline's, and why the others have none.

    Raises:
        InputError: no case could be scored; the first reason is given.
    """
    kept: dict[str, tuple[Scored, Scored | None]] = {}
    refused = dict(inputs.predictions.refused)
    waiting = [case_id for case_id in inputs.predictions.cases if case_id not in refused]
    cases = inputs.dataset.by_id()
    for done, case_id in enumerate(waiting, 1):
        try:
            kept[case_id] = _score(inputs, baseline, case_id, cases.get(case_id))
        except DiascopeError as error:
            refused[case_id] = error.describe()
        except OSError as error:
            refused[case_id] = f"a file cannot be read: {error.strerror}"  # the path may name a patient
        if progress:
            progress("evaluate", done, len(waiting), "")
    if not kept:
        first = next(iter(refused.values()), "nothing was predicted")
        raise InputError("no case could be evaluated", got=first, fix="predict cases that have a reference")
    return kept, refused


def _score(inputs: Inputs, baseline: Baseline | None, case_id: str, case: Case | None) -> tuple[Scored, Scored | None]:
    if case is None:
        raise InputError("the data set has no such case", expected="a case of dataset.yaml", got=case_id)
    task, target = inputs.task, inputs.target
    grid = read_grid(inputs.plan, inputs.root, case) if task.dense else None
    value = case.targets.get(inputs.target_name)
    reference = read_reference(target, value, inputs.root, grid, resample=may_resample_masks(inputs.plan))
    prediction = _read_prediction(inputs, case_id, grid)
    scored = task.score_case(target, reference, prediction, grid, inputs.calibration_of(case_id))
    predict = baseline.by_case.get(case_id) if baseline else None
    if predict is None:
        return scored, None
    guess = predict(grid.shape if grid else ())
    return scored, task.score_case(target, reference, guess, grid, nothing_fitted())


def _read_prediction(inputs: Inputs, case_id: str, grid: Geometry | None) -> NDArray:
    there = inputs.logits if grid is None else inputs.predictions.files
    if case_id not in there:
        raise InputError("the case has no prediction", expected="a file or logits", got="none", fix="predict it again")
    if grid is None:
        return inputs.logits[case_id]
    return read_prediction(inputs.target, inputs.run / PREDICTIONS, inputs.predictions.files[case_id], grid)
