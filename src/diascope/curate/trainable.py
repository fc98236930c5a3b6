"""What stands between a data set and training."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from diascope.core.documents.dataset import Dataset, Value
from diascope.core.errors import DatasetError
from diascope.core.families import KINDS

MOST_REASONS = 3


def check_trainable(dataset: Dataset, target: str | None) -> None:
    """Raise where an error concerns all of the data set or the chosen target.

    Raises:
        DatasetError: with every such problem, and what ``inspect`` shows of it.
    """
    errors = [p for p in dataset.problems if p.level == "error" and p.target in (None, target)]
    if errors:
        raise DatasetError(
            f"the data cannot be trained on: {errors[0].message}",
            got="; ".join([*(p.message for p in errors[1:]), *_left_out(dataset)]) or None,
            fix="diascope inspect lists every problem with its cases",
        )


def _left_out(dataset: Dataset) -> list[str]:
    """Return for the commonest reasons how many cases were left out for each: what is missing may be among them."""
    reasons = Counter(dataset.left_out.values()).most_common(MOST_REASONS)
    return [f"{count} of {len(dataset.cases)} cases left out: {reason}" for reason, count in reasons]


def usable(dataset: Dataset, name: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that were not left out and of whose target something is known."""
    target, cases = dataset.targets[name], dataset.by_id()
    kind = KINDS.load(target.kind)

    def is_known(value: Value) -> bool:
        if value is None or kind.form != "vector":
            return value is not None
        return not np.isnan(kind.encode(target, value)).all()

    return tuple(i for i in ids if i in cases and i not in dataset.left_out and is_known(cases[i].targets.get(name)))


def unreadable(dataset: Dataset) -> tuple[str, ...]:
    """Return the cases that were left out because a file is missing or damaged (``inspect`` ends with 3 then)."""
    return tuple(dict.fromkeys(i for p in dataset.problems if p.code == "unreadable" for i in p.cases))
