"""The best, the median and the worst cases as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diascope.core.errors import InputError
from diascope.core.families import ANSWERS, METRICS
from diascope.evaluate.case_data import read_view
from diascope.evaluate.evaluation import Evaluation
from diascope.evaluate.sections_words import Sheet, number, sheet, title_of

PICTURES_BYTES = 3_000_000
"""Pictures of all cases together; what comes after is left out with a word, so that the page stays below 5 MB."""

_ROWS = 12
"""Classes of one case that are given with their numbers; ``cases.csv`` has all."""


@dataclass(frozen=True)
class ShownCase:
    """One case: its rank in words, its id as given, its headline, picture (HTML) or why there is none, and numbers."""

    rank: str
    case_id: str
    headline: str
    picture: str
    why_none: str
    numbers: Sheet | None


def show_cases(evaluation: Evaluation) -> list[ShownCase]:
    """Return cases from the worst to the best; a picture that cannot be made says why."""
    shown: list[ShownCase] = []
    size = 0
    for rank, row in choose(evaluation.ranked(), few=shows_numbers(evaluation)):
        picture, why = _picture(evaluation, row)
        if size + len(picture) > PICTURES_BYTES:
            picture, why = "", "The picture is left out to keep this page small."
        size += len(picture)
        case_id, value = evaluation.case_ids[row], number(float(evaluation.headline[row]))
        numbers = _numbers(evaluation, row) if shows_numbers(evaluation) else None
        shown.append(ShownCase(rank, case_id, value, picture, why, numbers))
    return shown


def shows_numbers(evaluation: Evaluation) -> bool:
    """Answer whether a case is a picture with a table of its own: then few are shown."""
    return ANSWERS.load(evaluation.task.answer).on_grid


def choose(ranked: Sequence[int], *, few: bool) -> list[tuple[str, int]]:
    """Return rank in words and row of the cases that are shown, each at most once; ``ranked`` begins with the best.

    Example:
        >>> choose([7, 3, 5, 1], few=True)
        [('worst', 1), ('second worst', 5), ('median', 3), ('best', 7)]
    """
    n = len(ranked)
    wanted = [("worst", n - 1), ("second worst", n - 2)]
    if not few:
        wanted += [("third worst", n - 3), ("median", (n - 1) // 2), ("second best", 1), ("best", 0)]
    else:
        wanted += [("median", (n - 1) // 2), ("best", 0)]
    chosen: dict[int, str] = {}
    for rank, place in wanted:
        if 0 <= place < n:
            chosen.setdefault(ranked[place], rank)
    return [(rank, row) for row, rank in chosen.items()]


def _picture(evaluation: Evaluation, row: int) -> tuple[str, str]:
    """Return a picture, or an empty text and why."""
    if evaluation.task.picture is None:
        return "", "This task draws no cases."
    try:
        view = read_view(evaluation, row)
    except (InputError, OSError) as error:
        what = error.what if isinstance(error, InputError) else error.strerror or type(error).__name__
        return "", f"The picture could not be made: {what}."
    drawn = evaluation.task.picture(evaluation.target, view)
    if drawn.startswith("data:image/"):
        return f'<img src="{drawn}" alt="The case with reference and prediction">', ""
    return drawn, ""


def _numbers(evaluation: Evaluation, row: int) -> Sheet:
    rows = evaluation.task.case_rows(evaluation.target, evaluation.table, row)[:_ROWS]
    keys = [k for k in rows[0] if k != "class"]
    cells = [[str(r["class"]), *(_cell(r[k]) for k in keys)] for r in rows]
    return sheet(["Class", *map(_head, keys)], cells, caption=f"Numbers of {evaluation.case_ids[row]}")


def _head(key: str) -> str:
    """Return a column's title with its unit."""
    unit = METRICS.load(key).unit if key in METRICS.names() else ""
    return f"{title_of(key)} ({unit})" if unit else title_of(key)


def _cell(value: Any) -> str:
    if isinstance(value, int | np.integer):
        return str(value)
    return number(value) if value is None or isinstance(value, float) else str(value)
