"""What is done to a case before a network sees it: the plan's values under ``preprocess.`` as one frozen record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from diascope.core.errors import OptionError, nearest
from diascope.transforms.normalise import Normalisation


@dataclass(frozen=True)
class Recipe:
    """The deterministic part of a plan, the same for training, prediction and a bundle.

    Order: frames → channels on the reference's grid → non-finite voxels → orientation → crop → normalise → spacing →
    shape.

    Attributes:
        channels: names in the order of the network's inputs; the first that a case has is its reference grid.
        channel_grid: ``reference`` brings channels on other grids to the reference's; ``refuse`` refuses such a case.
        components: channel name → planes: 3 for a colour picture, times the frames that are ``seen``; absent names
            have those of one plane.
        frames: that every clip is brought to; None for still images.
        frame_seconds: between them; None takes them evenly over each clip.
        neighbours: frames before and as many after each frame of a film that become further channels, the first or last
            frame standing outside of the film; None where the last axis is no time.
        spacing_mm: resample to this, in canonical axes; None keeps the voxels. An image without spacing is refused.
        shape: a fixed size for every case, or None.
        fit: how ``shape`` is reached: ``resize`` stretches, ``pad_crop`` keeps voxels and is centred.
        orientation: ``RAS`` turns 3-D axes to the nearest canonical ones, without interpolation; None leaves them.
        crop_nonzero: crop to the box outside of which all channels are 0.
        normalise: channel name → how its values are scaled.
        missing: channel name → what stands for an absent channel: ``mean`` (0 after normalisation), a number (after
            normalisation), or ``refuse``. Absent names are refused.
        resample_order: 0, 1 or 3, for images; label maps are always linear with the largest weight winning.
        separate_axis: the canonical axis with thick slices, resampled by the nearest slice.
        nonfinite: ``refuse``, or ``minimum`` to put the channel's smallest finite value, with a note.
    """

    channels: tuple[str, ...]
    components: Mapping[str, int] = field(default_factory=dict)
    frames: int | None = None
    frame_seconds: float | None = None
    neighbours: int | None = None
    spacing_mm: tuple[float, ...] | None = None
    shape: tuple[int, ...] | None = None
    fit: Literal["resize", "pad_crop"] = "resize"
    orientation: Literal["RAS"] | None = None
    crop_nonzero: bool = False
    normalise: Mapping[str, Normalisation] = field(default_factory=dict)
    missing: Mapping[str, str | float] = field(default_factory=dict)
    resample_order: int = 3
    separate_axis: int | None = None
    nonfinite: Literal["refuse", "minimum"] = "refuse"
    channel_grid: Literal["reference", "refuse"] = "reference"

    @property
    def planes(self) -> int:
        """Return the network's number of inputs."""
        return sum(self.components.get(name, self.seen) for name in self.channels)

    @property
    def seen(self) -> int:
        """Return how many frames are channels at each place of the grid."""
        return self.frames or 2 * (self.neighbours or 0) + 1

    @classmethod
    def from_plan(cls, values: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that the plan's values under ``preprocess.`` describe.

        Raises:
            OptionError: a key is unknown, or a value is not one of those allowed.
        """
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                raise OptionError(f"preprocess has no {key!r}", fix=nearest(key, known))
        if not values.get("channels"):
            raise OptionError("preprocess.channels is missing", expected="one or more channel names")
        given = dict(values)
        given["channels"] = tuple(given["channels"])
        for key, kind in (("spacing_mm", float), ("shape", int)):
            if given.get(key) is not None:
                given[key] = tuple(kind(v) for v in given[key])
        given["normalise"] = {
            name: Normalisation.from_plan(name, numbers) for name, numbers in (given.get("normalise") or {}).items()
        }
        for key in ("components", "missing"):
            given[key] = dict(given.get(key) or {})
        for key, allowed in ALLOWED.items():
            if key in given and given[key] not in allowed:
                raise OptionError(f"preprocess.{key} is not possible", expected=allowed, got=given[key])
        return cls(**given)


ALLOWED: Mapping[str, tuple] = {
    "fit": ("resize", "pad_crop"),
    "orientation": ("RAS", None),
    "resample_order": (0, 1, 3),
    "nonfinite": ("refuse", "minimum"),
    "channel_grid": ("reference", "refuse"),
}
