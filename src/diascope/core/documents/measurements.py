"""What was measured of the structures of all cases."""

from typing import Any, ClassVar

from diascope.core.documents.document import Document, Model


class Measurement(Model):
    """One number.

    Attributes:
        value: None where undefined; ``why`` then says why.
        unit: empty for a plain number.
        low, high: bounds of its uncertainty, where it has any.
    """

    value: float | None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    why: str = ""


class MeasuredStructure(Model):
    """One structure of one case.

    Attributes:
        voxels: of its mask, in the file's own grid.
        quantities: name, with the unit in it (``volume_ml``) → number.
    """

    case: str
    structure: str
    patient: str | None = None
    visit: str | None = None
    voxels: int
    quantities: dict[str, Measurement]


class Measurements(Document):
    """``measurements.json``.

    Attributes:
        measures: names of the plug-ins, in the order of the quantities.
        options: what was chosen for them, such as ``threshold_suv``, and what they fell back on, such as ``bin_count``.
        made_from: digest of the data set's document, where there was one.
        structures: one for each case and structure.
        refused: case → why nothing was measured.
        notes: case → what there is to say, in whole sentences.
    """

    SCHEMA: ClassVar[str] = "diascope.measurements/1"
    measures: tuple[str, ...]
    options: dict[str, Any] = {}
    made_from: str | None = None
    structures: tuple[MeasuredStructure, ...] = ()
    refused: dict[str, str] = {}
    notes: dict[str, tuple[str, ...]] = {}
