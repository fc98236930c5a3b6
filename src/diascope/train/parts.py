"""Which cases a member learns from, fits on and is judged by; never the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from diascope.core.documents.dataset import Dataset
from diascope.core.documents.plan import Plan
from diascope.core.documents.predictions import Split
from diascope.core.errors import DatasetError, DiascopeError
from diascope.core.families import KINDS, TASKS
from diascope.core.ports.task import learns_from_all
from diascope.curate.divide import find_groups
from diascope.curate.splits import hold_back
from diascope.curate.trainable import usable
from diascope.plan.recorded import check_fold
from diascope.predict.reading import read_images, read_target


@dataclass(frozen=True)
class Parts:
    """Case ids of one fold.

    Attributes:
        train: learned from; calibrate: temperature and operating points are fitted on these (empty if nothing is);
        probe: whose loss is drawn beside the training loss, and nothing is chosen by it;
        evaluate: judged by, once; split: which part that is.
    """

    train: tuple[str, ...]
    calibrate: tuple[str, ...]
    probe: tuple[str, ...]
    evaluate: tuple[str, ...]
    split: Split
    fitted_on: str


def folds_of(dataset: Dataset, plan: Plan) -> list[int]:
    """Return the numbers of the folds that the plan trains.

    Raises:
        DatasetError: the data have no split.
        OptionError: there is no such fold.
    """
    if dataset.splits is None or not dataset.splits.folds:
        raise DatasetError("the data have no split", fix="see what diascope inspect says about the split")
    check_fold(dataset, plan.fold)
    return list(range(len(dataset.splits.folds))) if plan.fold == "all" else [plan.fold]


def parts_of(dataset: Dataset, plan: Plan, fold: int) -> Parts:
    """Return the parts of one fold; cases that were left out or lack the target take no part in training."""
    splits = dataset.splits
    if splits is None:
        raise DatasetError("the data have no split")
    given = splits.folds[fold]
    train, validation, test = (
        usable(dataset, plan.target or "", p) for p in (given.train, given.validation, splits.test)
    )
    fits = bool(TASKS.load(plan.task).fits)
    share = float(plan["calibrate.held_back"])
    if test:
        fitted_on = f"the validation part of fold {fold}"
        train, probe = (_learned(dataset, plan, part) for part in (train, validation))
        return Parts(train, validation if fits else (), probe, test, "test", fitted_on if fits else "nothing")
    if not fits or share <= 0:
        train, probe = (_learned(dataset, plan, part) for part in (train, validation))
        return Parts(train, (), probe, validation, "validation", "nothing")
    train, held = _hold_back(dataset, plan, train, share)
    fitted_on = f"{share:.0%} of the training part, held back by {splits.grouped_by}"
    train, probe = (_learned(dataset, plan, part) for part in (train, held))
    return Parts(train, held, probe, validation, "validation", fitted_on)


def _learned(dataset: Dataset, plan: Plan, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the cases that the task learns from; references are read only for a task that does not take all.

    Raises:
        DiascopeError: a reference cannot be read, with the case's id.
    """
    learns = TASKS.load(plan.task).learns_from
    if learns is learns_from_all:
        return tuple(ids)
    target, cases = dataset.targets[plan.target or ""], dataset.by_id()
    is_map, found = KINDS.load(target.kind).is_map, []
    for case_id in ids:
        try:
            images = read_images(dataset, plan, cases[case_id]) if is_map else {}
            if learns(target, read_target(dataset, plan, cases[case_id], images)):
                found.append(case_id)
        except DiascopeError as error:
            error.add_note(f"case {case_id}")
            raise
    return tuple(found)


def _hold_back(dataset: Dataset, plan: Plan, ids: Sequence[str], share: float) -> tuple[tuple[str, ...], ...]:
    """Divide the training part by patient (by case where no patient is known), classes spread evenly.

    What is in a label map is not known without reading it, so its cases are one stratum.
    """
    target, cases = dataset.targets[plan.target or ""], dataset.by_id()
    kind = KINDS.load(target.kind)
    values = [None if kind.is_map else cases[i].targets.get(plan.target or "") for i in ids]
    present = [kind.present(target, value) for value in values]
    here = set(ids)
    copies = [[i for i in some if i in here] for some in (dataset.measured.copies if dataset.measured else ())]
    groups = find_groups([cases[i] for i in ids], [some for some in copies if some])
    return hold_back(ids, kind.strata(target, present), groups, share=share, seed=plan.seed)
