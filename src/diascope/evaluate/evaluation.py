"""Everything that one evaluation knows: the run's documents and each case's scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Dataset, Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.ports.task import Table, Task


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A run's predictions beside the references.

    Attributes:
        run: the run's folder.
        root: the folder that the dataset's paths start from, absolute.
        target_name: the target's name in the dataset.
        split: which part was predicted, ``test`` or ``validation``.
        case_ids: the N cases that have scores, in the order of the table's rows.
        table: name → array with the case on its first axis, as ``Task.score_case`` gives it.
        baselines: name → the same table for a baseline, and what it was made from in a sentence; a baseline is absent
            where no training case could be read.
        headline: ``(N,)`` by which cases are ranked, higher is better; nan where undefined.
        training_ids: the cases that the run trained on.
        files: case id → its prediction's file in ``predictions/``; empty where all stand in one file.
        small: case id → its prediction, where all stand in one file.
        refused: case id → why it has no scores.
        notes: case id → what had to be decided to prepare its images.
    """

    run: Path
    dataset: Dataset
    root: Path
    fingerprint: Fingerprint
    plan: Plan
    run_document: Run
    calibration: Calibration
    task: Task
    target: Target
    target_name: str
    split: str
    fold: int | Literal["all"] | None
    case_ids: tuple[str, ...]
    table: Table
    baselines: dict[str, tuple[Table, str]]
    headline: NDArray[np.float64]
    training_ids: tuple[str, ...]
    files: dict[str, str]
    refused: dict[str, str]
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    small: Mapping[str, NDArray] = field(default_factory=dict)

    def patients(self) -> tuple[str | None, ...]:
        """Return each case's patient, None where it is not known."""
        cases = self.dataset.by_id()
        return tuple(cases[case_id].patient for case_id in self.case_ids)

    def ranked(self) -> tuple[int, ...]:
        """Return the rows from the best case to the worst, those without a headline left out; ties keep their order."""
        order = np.argsort(-self.headline, kind="stable")
        return tuple(int(row) for row in order if not np.isnan(self.headline[row]))
