"""Which cases train, validate and test: as given, else made here."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from diascope.core.documents.dataset import Case, Fold, Splits
from diascope.curate.draft import Draft, Given
from diascope.curate.splits import FOLDS, make_folds, union_groups
from diascope.curate.target_findings import Presence


def find_groups(cases: Sequence[Case], copies: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return case id → what must stay together: the same patient, and copies of one image."""
    pairs = [(c.id, c.id) for c in cases]
    of_patient: dict[str, str] = {}
    for case in cases:
        if case.patient is not None:
            pairs.append((of_patient.setdefault(case.patient, case.id), case.id))
    pairs += [(ids[0], other) for ids in copies for other in ids[1:]]
    return union_groups(pairs)


def divide(
    draft: Draft, groups: Mapping[str, str], presence: Presence | None, target: str | None, seed: int
) -> Splits | None:
    """Return the splits of the cases that remain; None where there are too few to hold any out."""
    kept = [c for c in draft.cases if c.id not in draft.left_out]
    given = _without_gone(draft.given, {c.id for c in kept}) if draft.given else None
    by_patient = any(c.patient is not None for c in kept)
    grouped_by = "patient" if by_patient else "case"
    if given is not None and given.folds:
        check_given(draft, given, {c.id: c for c in kept})
        folds = tuple(Fold(train=train, validation=validation) for train, validation in given.folds)
        origin = given.origin if draft.document else f"given: {given.origin}"
        return Splits(origin=origin, grouped_by=grouped_by, folds=folds, test=given.test)
    pool = [i for i in _pool(kept, given) if i in draft.labelled]
    strata = presence.strata(pool) if presence and pool else [""] * len(pool)
    folds = make_folds(pool, strata, groups, seed)
    if not folds:
        draft.error("too_few_cases", _too_few(draft, kept, pool, by_patient=by_patient))
        return None
    if len(folds) < FOLDS:
        draft.note(
            "fewer_folds",
            f"there are only {len(folds)} {'patients' if by_patient else 'cases'}, so {len(folds)} folds were made",
        )
    origin = f"made: seed {seed}" + (f", stratified by {target}" if presence else "")
    if given is None:
        return Splits(origin=origin, grouped_by=grouped_by, folds=folds)
    check_given(draft, Given(given.origin, ((tuple(pool), ()),), given.test), {c.id: c for c in kept})
    return Splits(origin=f"{origin}; test given: {given.origin}", grouped_by=grouped_by, folds=folds, test=given.test)


def _too_few(draft: Draft, kept: Sequence[Case], pool: Sequence[str], *, by_patient: bool) -> str:
    """Return what is lacking to hold any case out, in patients where they are known, else in cases."""
    unit = "patients" if by_patient else "cases"
    expected = f"expected at least 2 {unit}" + (" with a label" if draft.targets else "")
    if not kept:
        return f"no case is left to learn from: {expected}"
    if draft.targets and not draft.labelled:
        return f"no case has a label, so there is nothing to learn: {expected}, got none"
    if not pool:
        return f"no case with a label lies outside the test part that was given: {expected} to train on, got none"
    members = set(pool)
    patients = len({c.patient or c.id for c in kept if c.id in members})
    cases = "1 case" if len(pool) == 1 else f"{len(pool)} cases"
    got = f"{'1 patient' if patients == 1 else f'{patients} patients'} with {cases}" if by_patient else cases
    copies = ", which are copies of one image" if (patients if by_patient else len(pool)) > 1 else ""
    start = f"too few {unit} with a label" if draft.targets else f"no label at all, and too few {unit}"
    return f"there {'is' if not draft.targets else 'are'} {start} to hold any out: {expected}, got {got}{copies}"


def _pool(kept: Sequence[Case], given: Given | None) -> list[str]:
    if given is None:
        return [c.id for c in kept]
    test = set(given.test)
    allowed = None if given.pool is None else set(given.pool)
    return [c.id for c in kept if c.id not in test and (allowed is None or c.id in allowed)]


def _without_gone(given: Given, kept: set[str]) -> Given:
    def keep(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(i for i in ids if i in kept)

    folds = tuple((keep(train), keep(validation)) for train, validation in given.folds)
    return Given(given.origin, folds, keep(given.test), None if given.pool is None else keep(given.pool))


def check_given(draft: Draft, given: Given, cases: Mapping[str, Case]) -> None:
    """Find cases and patients that lie in two parts of one fold, empty parts, and cases in no part."""
    shared: set[str] = set()
    patients: dict[str, set[str]] = defaultdict(set)
    for train, validation in given.folds:
        parts = {"train": train, "validation": validation, "test": given.test}
        where: dict[str, str] = {}
        of_patient: dict[str, str] = {}
        for part, ids in parts.items():
            for case_id in ids:
                if where.setdefault(case_id, part) != part:
                    shared.add(case_id)
                patient = cases[case_id].patient
                if patient is not None and of_patient.setdefault(patient, part) != part:
                    patients[patient].add(case_id)
        if not train or (not validation and not given.test):
            draft.error(
                "empty_part",
                f"{given.origin}: a fold has no case left to {'train on' if not train else 'validate with'}",
            )
    if shared:
        text = f"{given.origin}: {len(shared)} cases lie in two parts of one fold, expected one: {_few(sorted(shared))}"
        draft.error("case_in_two_splits", text, sorted(shared))
    if patients:
        _say_patients(draft, given, patients, cases)
    named = {i for train, validation in given.folds for i in (*train, *validation)} | set(given.test)
    outside = [i for i in cases if i not in named and i in draft.labelled]
    if outside:
        draft.note(
            "in_no_split",
            f"{len(outside)} cases are in no part of {given.origin} and take no part: {_few(outside)}",
            outside,
        )


def _say_patients(draft: Draft, given: Given, patients: Mapping[str, set[str]], cases: Mapping[str, Case]) -> None:
    """Add the error, naming cases: a patient's identity stands in no message."""
    of_them = [i for i, c in cases.items() if c.patient in patients]
    draft.error(
        "patient_in_two_splits",
        f"{given.origin}: {len(patients)} patients lie in two parts of one split, with the cases {_few(of_them)}; "
        "expected each patient in one part; move their cases, or remove the split to have one made by patient",
        of_them,
    )


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:4]) + (" …" if len(ids) > 4 else "")
