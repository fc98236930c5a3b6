"""Which cases were predicted, and where each prediction lies."""

from typing import ClassVar, Literal

from diascope.core.documents.document import Document

Split = Literal["test", "validation", "external"]
"""Which part of the data was predicted."""


class Predictions(Document):
    """``RUN/predictions/index.json``.

    Attributes:
        split: which part of the data set this is; ``external`` is another data set than the one trained on, which then
            lies in the run's ``training.yaml``.
        cases: ids of all cases that were to be predicted; those not in ``refused`` have a prediction.
        files: id → label map beside the index, in the target's own values on the input's grid. Empty for a task that
            answers once a case: its logits lie in ``logits.json``, ``{"outputs": [...], "cases": {id: [logits]}}``.
        refused: id → why there is no prediction.
        notes: id → what had to be decided to prepare its images, in whole sentences; cases without any are absent.
        training: ids of the cases that were trained on; a baseline is made from them.
    """

    SCHEMA: ClassVar[str] = "diascope.predictions/1"
    split: Split
    fold: int | Literal["all"] | None = None
    cases: tuple[str, ...]
    files: dict[str, str] = {}
    refused: dict[str, str] = {}
    notes: dict[str, tuple[str, ...]] = {}
    training: tuple[str, ...] = ()
