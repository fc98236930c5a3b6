"""The trivial predictor that a model is held against, made from the training part's references."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Dataset
from diascope.core.errors import DiascopeError
from diascope.curate.documents import load_dataset
from diascope.evaluate.case_data import read_grid, read_reference
from diascope.evaluate.inputs import Inputs

TRAINING = "training.yaml"
"""In the folder of an external evaluation: the dataset that the run was trained on."""

MOST_MAPS = 100
"""Chosen here: label maps that are read for a mean one; more change it little and cost the budget's time."""

Predict = Callable[[tuple[int, ...]], NDArray]


@dataclass(frozen=True)
class Baseline:
    """What predicts each case, by its id, and what it was made from."""

    by_case: dict[str, Predict]
    describe: str


def fit_baselines(inputs: Inputs) -> Baseline | None:
    """Return the baseline of every predicted case, or None where no training case has a readable reference.

    Pooled folds have one baseline each, so that none has seen the cases that it is measured on.
    """
    dataset = _training_dataset(inputs)
    by_case: dict[str, Predict] = {}
    used: list[int] = []
    if dataset is None:
        return None
    for training, evaluated in _parts(inputs):
        references = _Counted(_references(inputs, dataset, _spread(training) if inputs.task.dense else training))
        predict = inputs.task.fit_baseline(inputs.target, references)
        if references.number:
            used.append(references.number)
            by_case |= dict.fromkeys(evaluated, predict)
    if not by_case:
        return None
    name = inputs.task.baseline_name.replace("_", " ")
    if len(used) == 1:
        return Baseline(by_case, f"{name} of {used[0]} training cases")
    return Baseline(by_case, f"{name} of {min(used)} to {max(used)} training cases, made for each of {len(used)} folds")


def _training_dataset(inputs: Inputs) -> Dataset | None:
    """Return the data that the run was trained on, with an absolute root; None where they are not at hand."""
    if inputs.predictions.split != "external":
        return inputs.dataset.model_copy(update={"root": str(inputs.root)})
    path = inputs.run / TRAINING
    return load_dataset(path) if path.exists() else None


def _parts(inputs: Inputs) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Return training and evaluated cases that belong together."""
    predictions, splits = inputs.predictions, inputs.dataset.splits
    if predictions.fold == "all" and predictions.split == "validation" and splits:
        return [(fold.train, fold.validation) for fold in splits.folds]
    return [(predictions.training, predictions.cases)]


def _spread(ids: Sequence[str]) -> list[str]:
    """Return at most ``MOST_MAPS`` ids, evenly spread."""
    if len(ids) <= MOST_MAPS:
        return list(ids)
    return [ids[int(i)] for i in np.linspace(0, len(ids) - 1, MOST_MAPS).round()]


def _references(inputs: Inputs, dataset: Dataset, ids: Iterable[str]) -> Iterator[NDArray]:
    """Yield the encoded references; a case without one, or with a mask that cannot be used, is passed over."""
    cases, root = dataset.by_id(), Path(dataset.root)
    for case_id in ids:
        case = cases.get(case_id)
        value = case.targets.get(inputs.target_name) if case else None
        if case is None or value is None:
            continue
        try:
            grid = read_grid(inputs.plan, root, case) if inputs.task.dense else None
            yield read_reference(inputs.target, value, root, grid, resample=True)
        except (DiascopeError, OSError):
            continue  # training has already refused it by name


class _Counted:
    """Passes items on and counts them."""

    def __init__(self, items: Iterable[NDArray]) -> None:
        self._items, self.number = items, 0

    def __iter__(self) -> Iterator[NDArray]:
        for item in self._items:
            self.number += 1
            yield item
