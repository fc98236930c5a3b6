"""What was fitted on validation data, never on the cases that are evaluated."""

from typing import ClassVar

from diascope.core.documents.document import Document, Model


class Fitted(Model):
    """What was fitted in one fold, as in ``Calibration``."""

    cases: int
    temperature: float = 1.0
    thresholds: dict[str, float] = {}
    numbers: dict[str, tuple[float, ...]] = {}


class Calibration(Document):
    """Temperature and operating points.

    Attributes:
        fitted_on: which cases (``validation part``, ``a tenth held back from training``); their number is ``cases``.
        temperature: logits are divided by it; 1 where nothing was fitted.
        thresholds: class → probability from which the class counts as present.
        numbers: what else a task's own steps have fitted, by name; each step says what stands there.
        folds: number of a fold → what was fitted on that fold's own held-back cases. Where folds are pooled, the cases
            that a fold evaluates are judged by these alone; all else is for other images, which all folds answer.
    """

    SCHEMA: ClassVar[str] = "diascope.calibration/1"
    fitted_on: str
    cases: int
    temperature: float = 1.0
    thresholds: dict[str, float] = {}
    numbers: dict[str, tuple[float, ...]] = {}
    folds: dict[str, Fitted] = {}

    def of_fold(self, fold: int | None) -> "Calibration":
        """Return what the cases that a fold evaluates are judged by; the document itself where nothing was fitted."""
        found = self.folds.get(str(fold))
        return self if found is None else self.model_copy(update={**dict(found), "folds": {}})
