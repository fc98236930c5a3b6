"""Checking a document whose images were checked when it was written: only what a person may have edited."""

from pathlib import Path

from diascope.core.documents.dataset import Dataset, Problem
from diascope.core.errors import DatasetError
from diascope.core.families import KINDS
from diascope.curate.divide import check_given, find_groups
from diascope.curate.draft import Draft, Given
from diascope.curate.listing import Listing
from diascope.curate.target_findings import check_counts, check_labels, find_presence

REDONE = {
    *("case_in_two_splits", "patient_in_two_splits", "empty_part", "in_no_split"),
    *("image_without_label", "wrong_label", "missing_labels"),
}
"""Problems that are found anew; all others are kept as they were written: what they rest on has not changed."""

COUNTED = {"class_too_small", "class_small", "one_class"}
"""Problems that are found anew but for maps, whose classes are not in the document's text."""


def recheck(dataset: Dataset) -> Dataset:
    """Return the data set with the problems that follow from its own text found anew."""
    listing = Listing(Path(dataset.root), ())
    draft = Draft(listing, dataset.name, dataset.channels, list(dataset.cases), dict(dataset.targets), document=dataset)
    draft.labelled = {
        c.id for c in dataset.cases if not dataset.targets or any(v is not None for v in c.targets.values())
    }
    check_labels(draft)
    if dataset.splits is not None:
        folds = tuple((f.train, f.validation) for f in dataset.splits.folds)
        check_given(draft, Given(dataset.splits.origin, folds, dataset.splits.test), dataset.by_id())
    listed = [name for name, target in dataset.targets.items() if not KINDS.load(target.kind).is_map]
    groups = find_groups(dataset.cases, dataset.measured.copies if dataset.measured else ())
    for name in listed:
        check_counts(draft, name, find_presence(name, dataset.targets[name], draft.cases, {}), groups)
    return dataset.model_copy(update={"problems": _merged(dataset, draft.problems, listed)})


def _merged(dataset: Dataset, new: list[Problem], listed: list[str]) -> tuple[Problem, ...]:
    """Return the old problems with those found anew in their former places, so that nothing changes unasked."""
    left = list(new)
    merged = []
    for problem in dataset.problems:
        if problem.code not in REDONE and not (problem.code in COUNTED and problem.target in listed):
            merged.append(problem)
        elif problem in left:
            left.remove(problem)
            merged.append(problem)
    return tuple(sorted([*merged, *left], key=lambda p: ("error", "warning", "note").index(p.level)))


def check_document(dataset: Dataset) -> None:
    """Raise where a document contradicts itself or its data are not there at all.

    Raises:
        DatasetError: ids repeat, a split names a case that is not there, or the root does not exist.
    """
    if not Path(dataset.root).is_dir():
        name = Path(dataset.root).name
        raise DatasetError("the data set's root folder does not exist", got=name, fix="correct root in the document")
    ids = [c.id for c in dataset.cases]
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise DatasetError(f"{len(twice)} case ids are there twice", expected="unique ids", got=", ".join(twice[:5]))
    splits = dataset.splits
    if splits is None:
        return
    known = set(ids)
    named = {i for f in splits.folds for i in (*f.train, *f.validation)} | set(splits.test)
    absent = sorted(named - known)
    if absent:
        raise DatasetError(
            f"the splits name {len(absent)} cases that are not there",
            expected="ids of cases",
            got=", ".join(absent[:5]) + (" …" if len(absent) > 5 else ""),
            fix="correct the ids, or remove splits from the document to have new ones made",
        )


def gone_with_their_cases(dataset: Dataset) -> list[Problem]:
    """Return why cases were left out before: they are no longer among the cases, so no reading finds it again."""
    return [p for p in dataset.problems if p.level != "error" and p.cases and dataset.left_out.keys() >= set(p.cases)]
