"""What lies in a data folder: cases, targets, splits and problems."""

from typing import Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from diascope.core.documents.document import Document, Model, digest


class Source(Model):
    """Where one image or label map is stored.

    Attributes:
        path: a file, or a folder for a DICOM series; relative to the data set's root with ``/``, or absolute.
        files: the members of a DICOM series, relative to ``path``; empty for a single file.
        key: the array's name in an ``.npz``.
        index: the row of a stacked array.
        as_film: the frames of a two-dimensional clip are an axis of the grid, ``(I, J, T)``, as each has labels.
        structures: ROI names of an RTSTRUCT or segment labels of a DICOM SEG; the label map holds n + 1 for the nth.
    """

    path: str
    files: tuple[str, ...] = ()
    key: str | None = None
    index: int | None = None
    as_film: bool = False
    structures: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _without_default(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave ``as_film`` out where it is not so, so that the digests of data without films stay what they were."""
        content = serialise(self)
        if not self.as_film:
            content.pop("as_film", None)
        return content


class Box(Model):
    """One finding on the stored grid of an image.

    Attributes:
        label: its class.
        low, high: first and last corner in voxels along each axis of the array (a picture: rows, then columns). Voxel
            i reaches from i to i + 1, so a box around voxels 3 to 5 has low 3 and high 6.
    """

    label: str
    low: tuple[float, ...]
    high: tuple[float, ...]


class Event(Model):
    """What is known of a patient's course: ``time`` until the event, or until which it had not happened."""

    time: float
    event: bool


Value = Source | Event | tuple[Box, ...] | dict[str, int | None] | str | float | None
"""A target's value: a label map's source, an event, boxes (``()``: there are none), several yes/no labels by class, a
class name, a number; None is missing."""


class Case(Model):
    """One training or prediction item.

    Attributes:
        id: unique in the data set.
        images: channel name → source. A channel that this case lacks is absent here, never filled in.
        targets: target name → value; None or absent is missing.
        attributes: age, sex, … as they stand in the table; None is missing.
        patient, visit, site: None where not known.
    """

    id: str
    images: dict[str, Source]
    targets: dict[str, Value] = {}
    attributes: dict[str, str | float | None] = {}
    patient: str | None = None
    visit: str | None = None
    site: str | None = None


class Target(Model):
    """What can be learned: its kind (a name in ``diascope.core.targets``) and its classes.

    Attributes:
        classes: names in the order of the network's outputs. For a mask, background first.
        values: for a mask: the number in the label map for each class, same order.
        unit: for a value; of the time of an event.
        horizons: for an event: the times, rising, at which the chance of it is told, in the same unit.
    """

    kind: str
    classes: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    unit: str | None = None
    horizons: tuple[float, ...] = ()


class Fold(Model):
    """The ids of one training and one validation part."""

    train: tuple[str, ...]
    validation: tuple[str, ...]


class Splits(Model):
    """How the cases are divided.

    Attributes:
        origin: ``given: FILE or field`` or ``made: seed N``.
        grouped_by: what never lies on both sides.
        folds: given or made; without any there is nothing to train on.
        test: never trained on nor chosen by; empty where there is none.
    """

    origin: str
    grouped_by: Literal["patient", "case"]
    folds: tuple[Fold, ...]
    test: tuple[str, ...] = ()


class Problem(Model):
    """Something noticed about the data: ``error`` stops training, ``warning`` changes it, ``note`` informs.

    Attributes:
        target: the only target that it concerns; None concerns all.
    """

    level: Literal["error", "warning", "note"]
    code: str
    message: str
    cases: tuple[str, ...] = ()
    target: str | None = None


class Measured(Model):
    """What reading every image once has found; the curation page says how.

    Attributes:
        sources: digest of the sources that were read and of the classes of masks; where they differ, all is read again.
        stamps: digest of the files' sizes and times of change, by which a corrected file is noticed; empty where not
            known. It is no part of the data set's own digest: a copy of the files is the same data.
        shape: smallest, median and largest number of voxels along each axis.
        spacing_mm: the same for the voxel's edge; None where a file gives none.
        stored_as: numpy names of the stored types.
        present: a mask target → class → number of cases that hold it.
        copies: sets of cases whose images are the same; a split that is made keeps each set together.
        contents: case id → digest of its voxels, by which it is known again in other data; constant images have none.
    """

    sources: str
    shape: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    spacing_mm: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]] | None = None
    stored_as: tuple[str, ...] = ()
    present: dict[str, dict[str, int]] = {}
    copies: tuple[tuple[str, ...], ...] = ()
    contents: dict[str, str] = {}
    stamps: str = ""


class Dataset(Document):
    """The data set as found or as edited by hand.

    Attributes:
        root: the folder that relative paths start from; relative to the document's own folder when saved beside it.
        layout: which layout was recognised (a name in ``diascope.curate.layouts``).
        other_layouts: layouts that fit too and were not taken.
        channels: channel names in the order of the network's inputs.
        components: channel name → planes in its files: 1, or 3 for a colour picture. Absent names have 1.
        left_out: case id → why it takes no part.
        measured: None until the images have been read.
        ignored: number of files that fit nothing.
    """

    SCHEMA: ClassVar[str] = "diascope.dataset/1"
    name: str
    root: str
    layout: str
    other_layouts: tuple[str, ...] = ()
    ndim: Literal[2, 3]
    modality: str | None = None
    channels: tuple[str, ...]
    components: dict[str, int] = {}
    cases: tuple[Case, ...]
    targets: dict[str, Target] = {}
    attributes: tuple[str, ...] = ()
    splits: Splits | None = None
    left_out: dict[str, str] = {}
    problems: tuple[Problem, ...] = ()
    measured: Measured | None = None
    ignored: int = Field(0, ge=0)

    @property
    def axes(self) -> str:
        """Return in words which axes the images have."""
        return "2-D + time" if self.has_films else f"{self.ndim}-D"

    @property
    def has_films(self) -> bool:
        """Answer whether the images are clips whose frames are an axis of the grid, as each has labels."""
        return any(source.as_film for case in self.cases for source in case.images.values())

    def digest(self) -> str:
        """Return the digest of all but ``root`` and the files' times: the same data in another place are the same."""
        content = self.content()
        del content["root"]
        if content.get("measured"):
            content["measured"].pop("stamps", None)
        return digest(content)

    def by_id(self) -> dict[str, Case]:
        """Return the cases by their id."""
        return {case.id: case for case in self.cases}

    def has_patients(self) -> bool:
        """Answer whether every case names its patient."""
        return bool(self.cases) and all(case.patient is not None for case in self.cases)
