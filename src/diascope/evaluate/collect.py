"""Score a run's predictions, one case in memory at a time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Case
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.run import Run
from diascope.core.errors import DiascopeError, InputError
from diascope.core.ports.task import Table
from diascope.evaluate.baseline import FittedBaseline, fit_baselines, read_example
from diascope.evaluate.case_data import may_resample_masks, read_answer, read_grid, read_reference
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
    baselines = fit_baselines(inputs)
    kept, refused = _score_all(inputs, baselines, progress)
    table = stack_rows([scored for scored, _ in kept.values()])
    others = {
        name: (stack_rows([rows[name] for _, rows in kept.values()]), baseline.describe)
        for name, baseline in baselines.items()
        if all(name in rows for _, rows in kept.values())
    }
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
        baselines=others,
        headline=inputs.task.case_headline(inputs.target, table),
        training_ids=inputs.predictions.training,
        files=inputs.predictions.files,
        refused=refused,
        notes=inputs.predictions.notes,
        small=inputs.small,
    )


def stack_rows(rows: Sequence[Scored]) -> Table:
    """Return the table of all cases; arrays that differ in shape from case to case become objects ``(N,)``."""
    return {name: _stack([row[name] for row in rows]) for name in rows[0]}


def _stack(arrays: Sequence[NDArray]) -> NDArray:
    if not any(a.dtype == object for a in arrays):
        return np.stack(arrays)
    out = np.empty(len(arrays), object)
    for number, array in enumerate(arrays):
        out[number] = array.item()
    return out


def _score_all(
    inputs: Inputs, baselines: Mapping[str, FittedBaseline], progress: Progress | None
) -> tuple[dict[str, tuple[Scored, dict[str, Scored]]], dict[str, str]]:
    """Return each case's scores and its baselines', and why the others have none.

    Raises:
        InputError: no case could be scored; the first reason is given.
    """
    kept: dict[str, tuple[Scored, dict[str, Scored]]] = {}
    refused = dict(inputs.predictions.refused)
    waiting = [case_id for case_id in inputs.predictions.cases if case_id not in refused]
    cases = inputs.dataset.by_id()
    for done, case_id in enumerate(waiting, 1):
        try:
            kept[case_id] = _score(inputs, baselines, case_id, cases.get(case_id))
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


def _score(
    inputs: Inputs, baselines: Mapping[str, FittedBaseline], case_id: str, case: Case | None
) -> tuple[Scored, dict[str, Scored]]:
    if case is None:
        raise InputError("the data set has no such case", expected="a case of dataset.yaml", got=case_id)
    task, target = inputs.task, inputs.target
    grid = read_grid(inputs.plan, inputs.root, case) if inputs.needs_grid else None
    value = case.targets.get(inputs.target_name)
    reference = read_reference(target, value, inputs.root, grid, resample=may_resample_masks(inputs.plan))
    prediction = read_answer(inputs, case_id, grid)
    scored = task.score_case(target, reference, prediction, grid, inputs.calibration_of(case_id))
    others = {}
    for name, baseline in baselines.items():
        if predict := baseline.by_case.get(case_id):
            guess = predict(read_example(inputs, inputs.root, case, looks_at_image=baseline.looks_at_image))
            others[name] = task.score_case(target, reference, guess, grid, nothing_fitted())
    return scored, others
