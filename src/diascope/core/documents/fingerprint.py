"""The data set in numbers: what the planner decides by."""

from typing import ClassVar, Literal

from diascope.core.documents.document import Document, Model


class Spread(Model):
    """Minimum, 10th percentile, median, 90th percentile and maximum along each spatial axis."""

    minimum: tuple[float, ...]
    p10: tuple[float, ...]
    median: tuple[float, ...]
    p90: tuple[float, ...]
    maximum: tuple[float, ...]


class Intensity(Model):
    """One channel's values, over voxels drawn from all training cases.

    ``foreground_*`` is over voxels inside the reference mask where there is one, else inside the body (HU) or the
    non-zero region. ``unit_by_values``: at least one image does not say its unit, and its values can only be HU.
    """

    unit: str | None = None
    unit_by_values: bool = False
    cases: int
    missing: int
    minimum: float
    maximum: float
    mean: float
    std: float
    foreground_mean: float
    foreground_std: float
    foreground_p005: float
    foreground_p995: float
    scale_varies: float
    """Largest over smallest standard deviation of a single image: above 10, images have no common scale."""


class ClipNumbers(Model):
    """Minimum, median and maximum over the clips: frames, seconds between them, and seconds in all.

    ``untimed`` clips do not say when their frames were taken; the seconds are those of the others, None where there are
    none.
    """

    frames: tuple[int, int, int]
    step_s: tuple[float, float, float] | None = None
    duration_s: tuple[float, float, float] | None = None
    untimed: int = 0


class TargetNumbers(Model):
    """One target's balance.

    Attributes:
        counts: class → cases that have it; known: class → cases in which it is known whether they have it.
        missing: cases of which nothing is known, not even one of several labels; of the target that is to be learned
            they were not measured, so they come on top of the fingerprint's ``cases``.
        voxel_share: of each class of a mask.
        mean, std: of a value.
        boxes: class → boxes in all cases; box_edges: of all boxes along each axis, in mm or pixels as ``spacing``.
    """

    kind: str
    counts: dict[str, int]
    known: dict[str, int] = {}
    missing: int
    voxel_share: dict[str, float] = {}
    mean: float | None = None
    std: float | None = None
    boxes: dict[str, int] = {}
    box_edges: Spread | None = None


class Fingerprint(Document):
    """The numbers of the cases that may be trained on; the test part never enters.

    Attributes:
        shape, shape_cropped: voxels along each axis before and after cropping to the non-zero region.
        spacing: mm, or pixels where unknown (``has_spacing`` is then False for at least one case).
        nonzero_share: median share of the volume that the non-zero crop keeps.
        voxels: in all cases together.
        clip: the time axis; None where the images are still.
    """

    SCHEMA: ClassVar[str] = "diascope.fingerprint/1"
    dataset_digest: str
    ndim: Literal[2, 3]
    cases: int
    patients: int | None
    has_spacing: bool
    spacing: Spread
    shape: Spread
    shape_cropped: Spread
    nonzero_share: float
    voxels: float
    modality: str | None
    channels: dict[str, Intensity]
    targets: dict[str, TargetNumbers]
    clip: ClipNumbers | None = None
