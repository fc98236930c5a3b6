"""Images that are there more than once: the same voxels under different names."""

from collections import defaultdict
from collections.abc import Mapping

from diascope.core.documents.dataset import Case, Dataset, Source
from diascope.curate.draft import Draft, Given
from diascope.curate.image_findings import Facts
from diascope.curate.scan import CaseFacts

MOST_SETS = 20
"""Sets of copies that a message spells out; the problem's cases name all."""


def content_of(facts: CaseFacts) -> str:
    """Return the digest of a case's voxels; empty where they were not read or are all the same."""
    return "" if all(c.low == c.high for c in facts.channels.values()) else facts.content


def find_copies(draft: Draft, facts: Facts) -> list[list[str]]:
    """Return the ids of cases whose voxels are equal, in sets of two and more; constant images are no copies."""
    sets: dict[str, list[str]] = defaultdict(list)
    for case in draft.cases:
        found = facts.get(case.id)
        if case.id not in draft.left_out and found is not None and content_of(found):
            sets[content_of(found)].append(case.id)
    return [ids for ids in sets.values() if len(ids) > 1]


def treat_copies(draft: Draft, facts: Facts) -> list[list[str]]:
    """Leave out what copies would falsify, name every one, and return the sets that remain.

    - copies whose labels contradict each other are left out, all of them;
    - of copies in two given parts, the training one is left out of its fold, never a validation or test one;
    - copies inside one part stay and are listed; folds that are made here keep them together.
    """
    sets = find_copies(draft, facts)
    by_id = {c.id: c for c in draft.cases}
    contradicting = [ids for ids in sets if _contradict([by_id[i] for i in ids], facts)]
    gone = [i for ids in contradicting for i in ids]
    draft.left_out.update(
        {i: f"copies of its image have other labels: {_others(i, ids)}" for ids in contradicting for i in ids}
    )
    if contradicting:
        which = _spell(contradicting)
        text = f"{len(contradicting)} images are there several times with different labels; all are left out: {which}"
        draft.warn("contradicting_copies", text, gone)
    rest = [ids for ids in sets if ids not in contradicting]
    if draft.given is not None:
        _leave_out_of_training(draft, draft.given, rest)
    rest = [kept for kept in ([i for i in ids if i not in draft.left_out] for ids in rest) if len(kept) > 1]
    if rest:
        together = "they stay in the parts that were given" if _are_given(draft) else "splits keep them together"
        text = f"{len(rest)} images are there several times under different names; {together}: {_spell(rest)}"
        draft.note("copies", text, [i for ids in rest for i in ids])
    return rest


def _are_given(draft: Draft) -> bool:
    """Answer whether a split came with the data; one that a document holds may have been made here."""
    return draft.given is not None and (draft.document is None or "given: " in draft.given.origin)


def has_untreated_copies(dataset: Dataset) -> bool:
    """Answer whether a document was edited so that ``treat_copies`` would leave out one of the copies that it knows."""
    by_id = dataset.by_id()
    sets = [[i for i in ids if i in by_id] for ids in (dataset.measured.copies if dataset.measured else ())]
    if any(_contradict([by_id[i] for i in ids], {}) for ids in sets):
        return True
    for fold in dataset.splits.folds if dataset.splits else ():
        train, held = set(fold.train), {*fold.validation, *(dataset.splits.test if dataset.splits else ())}
        if any(train.intersection(ids) and held.intersection(ids) for ids in sets):
            return True
    return False


def _contradict(cases: list[Case], facts: Facts) -> bool:
    """Answer whether two copies have different values of one target; a missing value contradicts nothing."""
    for name in {n for c in cases for n in c.targets}:
        values = [_comparable(c, name, facts) for c in cases if c.targets.get(name) is not None]
        if all(isinstance(v, dict) for v in values):
            for label in {k for v in values if isinstance(v, dict) for k in v}:
                if len({v[label] for v in values if isinstance(v, dict) and v.get(label) is not None}) > 1:
                    return True
        elif len({repr(v) for v in values}) > 1:
            return True
    return False


def _comparable(case: Case, name: str, facts: Facts) -> object:
    value = case.targets[name]
    if not isinstance(value, Source):
        return value
    mask = facts[case.id].masks.get(name) if case.id in facts else None
    return None if mask is None else mask.content  # maps that were not read contradict nothing


def _leave_out_of_training(draft: Draft, given: Given, sets: list[list[str]]) -> None:
    """Take training copies of held-out images out of each given fold; those that no part is left to are left out."""
    copies = {i: set(ids) for ids in sets for i in ids}
    test = set(given.test)
    folds, reasons = [], {}
    for train, validation in given.folds:
        held = test | set(validation)
        dropped = {i: min(copies[i] & held) for i in train if i in copies and copies[i] & held}
        reasons.update(dropped)
        folds.append((tuple(i for i in train if i not in dropped), validation))
    pool = given.pool
    if not given.folds and test:
        everyone = pool if pool is not None else tuple(c.id for c in draft.cases if c.id not in test)
        dropped = {i: min(copies[i] & test) for i in everyone if i in copies and copies[i] & test}
        reasons.update(dropped)
        pool = tuple(i for i in everyone if i not in dropped)
    draft.given = Given(given.origin, tuple(folds), given.test, pool)
    _say_left_out(draft, reasons, {i for train, val in folds for i in (*train, *val)} | test)
    _say_held_out_copies(draft, given, sets)


def _say_left_out(draft: Draft, reasons: Mapping[str, str], remaining: set[str]) -> None:
    for case_id, copy in reasons.items():
        if case_id not in remaining:
            draft.left_out[case_id] = f"its image is also in a held-out part, as {copy}"
    if reasons:
        pairs = ", ".join(f"{i} = {c}" for i, c in list(reasons.items())[:MOST_SETS]) + (
            " …" if len(reasons) > MOST_SETS else ""
        )
        draft.warn(
            "copies_across_splits",
            f"{len(reasons)} training images are copies of validation or test images and left out of training: {pairs}",
            reasons,
        )


def _say_held_out_copies(draft: Draft, given: Given, sets: list[list[str]]) -> None:
    test = set(given.test)
    validation = {i for _, v in given.folds for i in v}
    both = [ids for ids in sets if set(ids) & test and set(ids) & (validation - test)]
    if both:
        text = f"{len(both)} images lie in a validation and in the test part; neither copy is left out: {_spell(both)}"
        draft.warn("copies_in_held_out_parts", text, [i for ids in both for i in ids])


def _spell(sets: list[list[str]]) -> str:
    shown = "; ".join(" = ".join(ids[:4]) + (" …" if len(ids) > 4 else "") for ids in sets[:MOST_SETS])
    return shown + (" …" if len(sets) > MOST_SETS else "")


def _others(case_id: str, ids: list[str]) -> str:
    others = [i for i in ids if i != case_id]
    return ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
