"""The simple predictors that a model is held against, made from the training part's references."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Case, Dataset
from diascope.core.errors import DiascopeError
from diascope.core.families import ANSWERS
from diascope.core.ports.task import Baseline, Example
from diascope.curate.documents import load_dataset
from diascope.evaluate.case_data import image_source, read_grid, read_reference
from diascope.evaluate.inputs import Inputs
from diascope.io import read_image

TRAINING = "training.yaml"
"""In the folder of an external evaluation: the dataset that the run was trained on."""

Predict = Callable[[Example], NDArray]


@dataclass(frozen=True)
class FittedBaseline:
    """What predicts each case, by its id, what it was made from, and whether it needs a case's image."""

    by_case: dict[str, Predict]
    describe: str
    looks_at_image: bool


def fit_baselines(inputs: Inputs) -> dict[str, FittedBaseline]:
    """Return the task's baselines by name; none where no training case has a readable reference.

    Pooled folds have one baseline each, so that none has seen the cases that it is measured on.
    """
    dataset = _training_dataset(inputs)
    if dataset is None:
        return {}
    fitted = {baseline.name: _fit(inputs, dataset, baseline) for baseline in inputs.task.baselines}
    return {name: found for name, found in fitted.items() if found is not None}


def _fit(inputs: Inputs, dataset: Dataset, baseline: Baseline) -> FittedBaseline | None:
    by_case: dict[str, Predict] = {}
    used: list[int] = []
    is_read = baseline.looks_at_image or ANSWERS.load(inputs.task.answer).write is not None
    for training, evaluated in _parts(inputs):
        ids = _spread(training, baseline.most) if is_read else training
        examples = _Counted(_examples(inputs, dataset, ids, looks_at_image=baseline.looks_at_image))
        predict = baseline.fit(inputs.target, examples)
        if examples.number:
            used.append(examples.number)
            by_case |= dict.fromkeys(evaluated, predict)
    if not by_case:
        return None
    name = baseline.name.replace("_", " ")
    several = f"{min(used)} to {max(used)} training cases, made for each of {len(used)} folds"
    describe = f"{name} of {used[0]} training cases" if len(used) == 1 else f"{name} of {several}"
    describe += ", which looks at the image" if baseline.looks_at_image else ""
    return FittedBaseline(by_case, describe, baseline.looks_at_image)


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


def _spread(ids: Sequence[str], most: int) -> list[str]:
    """Return at most so many ids, evenly spread."""
    if len(ids) <= most:
        return list(ids)
    return [ids[int(i)] for i in np.linspace(0, len(ids) - 1, most).round()]


def read_example(inputs: Inputs, root: Path, case: Case, *, looks_at_image: bool) -> Example:
    """Return a case as a baseline sees it, without its reference.

    Raises:
        InputError: a file cannot be read.
    """
    if looks_at_image:
        image = read_image(root, image_source(inputs.plan, case))
        return Example(image=image.array, geometry=image.geometry)
    return Example(geometry=read_grid(inputs.plan, root, case) if inputs.needs_grid else None)


def _examples(inputs: Inputs, dataset: Dataset, ids: Iterable[str], *, looks_at_image: bool) -> Iterator[Example]:
    """Yield training cases; one without a reference, or with a mask that cannot be used, is passed over."""
    cases, root = dataset.by_id(), Path(dataset.root)
    for case_id in ids:
        case = cases.get(case_id)
        value = case.targets.get(inputs.target_name) if case else None
        if case is None or value is None:
            continue
        try:
            example = read_example(inputs, root, case, looks_at_image=looks_at_image)
            reference = read_reference(inputs.target, value, root, example.geometry, resample=True)
        except (DiascopeError, OSError):
            continue  # training has already refused it by name
        if inputs.task.learns_from(inputs.target, reference):
            yield replace(example, reference=reference)


class _Counted:
    """Passes items on and counts them."""

    def __init__(self, items: Iterable[Example]) -> None:
        self._items, self.number = items, 0

    def __iter__(self) -> Iterator[Example]:
        for item in self._items:
            self.number += 1
            yield item
