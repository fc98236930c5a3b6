"""After training: fit on held-back cases, then predict the held-out part once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from diascope.calibration.fit import fit
from diascope.core.documents.calibration import Calibration, Fitted
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.plan import Plan
from diascope.core.families import TASKS
from diascope.predict.case import Predictor
from diascope.predict.heldout import Part, make_predictor, predict_cases, predict_part
from diascope.predict.reading import read_images, read_target
from diascope.train.parts import Parts

Progress = Callable[[str, int, int, str], None]


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
    groups = _groups(folds)
    part = Part(folds[0].parts.split, plan.fold, groups, training, calibrations=_calibrations(run, folds, len(groups)))
    predict_part(run / "predictions", dataset, plan, part, progress)


def _groups(folds: Sequence[Fold]) -> list[tuple[tuple[str, ...], tuple[Path, ...]]]:
    """Return which cases are predicted by which weights."""
    if folds[0].parts.split == "test":
        return [(folds[0].parts.evaluate, tuple(w for fold in folds for w in fold.weights))]
    return [(fold.parts.evaluate, fold.weights) for fold in folds]


def _calibrations(run: Path, folds: Sequence[Fold], groups: int) -> list[Calibration]:
    """Return what the cases of each group are judged by: each fold's own where the folds are pooled."""
    path = run / "calibration.json"
    if not path.exists():
        return []
    found = Calibration.load(path)
    return [found] if groups == 1 else [found.of_fold(fold.number) for fold in folds]


def _fit_calibration(run: Path, dataset: Dataset, plan: Plan, folds: Sequence[Fold], progress: Progress | None) -> None:
    """Fit on cases that are neither trained on nor evaluated, each predicted by members that did not see it.

    Where the folds' evaluated cases are pooled, each fold has a fit of its own: a case held back in one fold is
    evaluated in another, and must not be judged by what was fitted on itself.
    """
    task, target = TASKS.load(plan.task), dataset.targets[plan.target or ""]
    if not task.fits or not any(fold.parts.calibrate for fold in folds):
        return
    found: dict[int, tuple[list[NDArray], list[NDArray]]] = {}
    for number, fold in enumerate(folds):
        predictor = make_predictor(dataset, plan, fold.weights)
        if answers := _held_back_answers(dataset, plan, predictor, fold.parts.calibrate):
            found[fold.number] = answers
        if progress:
            progress("calibrate", number + 1, len(folds), f"{sum(len(a) for a, _ in found.values())} cases")
    if not found:
        return
    head, fitted_on = task.head(target), folds[0].parts.fitted_on
    each: dict[str, Fitted] = {}
    if len(folds) > 1:
        fitted_on += ", in each fold by a network that had not seen them"
        if folds[0].parts.split == "validation":
            each = {str(n): _fitted(fit(task.fits, *a, head, fitted_on="")) for n, a in found.items()}
    predictions, references = ([one for some in part for one in some] for part in zip(*found.values(), strict=True))
    calibration = fit(task.fits, predictions, references, head, fitted_on=fitted_on)
    calibration.model_copy(update={"folds": each}).save(run / "calibration.json")


def _held_back_answers(
    dataset: Dataset, plan: Plan, predictor: Predictor, ids: Sequence[str]
) -> tuple[list[NDArray], list[NDArray]] | None:
    """Return answers and references of the cases that could be predicted, None where none could."""
    cases, answers, references = dataset.by_id(), [], []
    for case_id, answer in predict_cases(dataset, predictor, ids, as_evidence=True).answers.items():
        images = read_images(dataset, plan, cases[case_id]) if predictor.kind.is_map else {}
        answers.append(answer)
        references.append(read_target(dataset, plan, cases[case_id], images))
    return (answers, references) if answers else None


def _fitted(calibration: Calibration) -> Fitted:
    return Fitted(**{name: getattr(calibration, name) for name in Fitted.model_fields})
