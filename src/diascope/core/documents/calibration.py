"""What was fitted on validation data, never on the cases that are evaluated."""

from typing import ClassVar

from diascope.core.documents.document import Document


class Calibration(Document):
    """Temperature and operating points.

    Attributes:
        fitted_on: which cases (``validation part``, ``a tenth held back from training``); their number is ``cases``.
        temperature: logits are divided by it; 1 where nothing was fitted.
        thresholds: class → probability from which the class counts as present.
    """

    SCHEMA: ClassVar[str] = "diascope.calibration/1"
    fitted_on: str
    cases: int
    temperature: float = 1.0
    thresholds: dict[str, float] = {}
