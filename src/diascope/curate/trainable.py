"""What stands between a data set and training."""

from diascope.core.documents.dataset import Dataset
from diascope.core.errors import DatasetError


def check_trainable(dataset: Dataset, target: str | None) -> None:
    """Raise where an error concerns all of the data set or the chosen target.

    Raises:
        DatasetError: with every such problem, and what ``inspect`` shows of it.
    """
    errors = [p for p in dataset.problems if p.level == "error" and p.target in (None, target)]
    if errors:
        raise DatasetError(
            f"the data cannot be trained on: {errors[0].message}",
            got="; ".join(p.message for p in errors[1:]) or None,
            fix="diascope inspect lists every problem with its cases",
        )


def unreadable(dataset: Dataset) -> tuple[str, ...]:
    """Return the cases that were left out because a file is missing or damaged (``inspect`` ends with 3 then)."""
    return tuple(dict.fromkeys(i for p in dataset.problems if p.code == "unreadable" for i in p.cases))
