"""nnU-Net's file of folds, ``splits_final*.json``."""

import fnmatch
import json
from collections.abc import Collection

from diascope.core.errors import DatasetError
from diascope.curate.draft import Draft, Given

PATTERN = "splits_final*.json"


def add_given_folds(draft: Draft) -> None:
    """Take the folds that lie beside the data, if any.

    Raises:
        DatasetError: the file is no list of ``{"train": [ids], "val": [ids]}``.
    """
    files = sorted(fnmatch.filter(draft.listing.top(".json"), PATTERN), key=lambda f: (len(f), f))
    if not files:
        return
    if len(files) > 1:
        draft.note("other_splits", f"{', '.join(files[1:])} hold folds too; those of {files[0]} are taken")
    draft.used.add(files[0])
    known = {case.id for case in draft.cases}
    folds = _read(draft, files[0])
    absent = sorted({i for train, validation in folds for i in (*train, *validation) if i not in known})
    if absent:
        draft.warn(
            "split_names_absent_cases",
            f"{files[0]} names {len(absent)} cases that are not there: {', '.join(absent[:5])}"
            + (" …" if len(absent) > 5 else ""),
        )
    kept = tuple((_keep(train, known), _keep(validation, known)) for train, validation in folds)
    test = draft.given.test if draft.given else ()
    draft.given = Given(files[0], kept, test)


def _keep(ids: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    return tuple(i for i in ids if i in known)


def _read(draft: Draft, file: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    try:
        content = json.loads((draft.listing.root / file).read_text(encoding="utf-8"))
        folds = [(tuple(map(str, fold["train"])), tuple(map(str, fold["val"]))) for fold in content]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{file} holds no folds",
            expected='a list such as [{"train": ["case_1"], "val": ["case_2"]}]',
            got=f"{type(error).__name__}: {error}",
            fix="correct the file, or remove it to have folds made",
        ) from None
    if not folds:
        raise DatasetError(f"{file} holds no folds", expected="at least one fold", got="an empty list")
    return folds
