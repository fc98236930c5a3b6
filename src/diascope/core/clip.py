"""An image over time: how many frames, and when each was taken."""

from dataclasses import dataclass

import numpy as np

from diascope.core.errors import GeometryError


@dataclass(frozen=True)
class Clip:
    """The time axis of an image series.

    Attributes:
        frames: T, the number of frames.
        times_s: when each frame was taken, in seconds from the first one and growing; None where it is not known.
    """

    frames: int
    times_s: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse times that are no times of these frames."""
        if self.frames < 1:
            raise GeometryError("a clip has no frame", expected="one frame or more", got=self.frames)
        if self.times_s is None:
            return
        times = np.asarray(self.times_s, np.float64)
        if len(times) != self.frames or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            raise GeometryError(
                "the times of the frames do not fit the clip",
                expected=f"{self.frames} times, each after the one before",
                got=f"{len(times)} times, from {min(times, default=0):g} to {max(times, default=0):g} s",
                fix="write the clip again with its true frame times",
            )

    @property
    def step_s(self) -> float | None:
        """Return the median time between frames in seconds; None where it is unknown or there is one frame."""
        return None if self.times_s is None or self.frames < 2 else float(np.median(np.diff(self.times_s)))

    @property
    def duration_s(self) -> float | None:
        """Return the seconds that the clip covers, each frame standing for one step; None where unknown."""
        step = self.step_s
        return None if step is None or self.times_s is None else self.times_s[-1] - self.times_s[0] + step

    def describe(self) -> str:
        """Return frames and rate in words."""
        step = self.step_s
        if step is None:
            return f"{self.frames} frames, rate unknown"
        return f"{self.frames} frames, {1 / step:.4g} a second"


def even_clip(frames: int, step_s: float | None) -> Clip:
    """Return a clip whose frames follow each other by one step; a step that is no time counts as unknown.

    Example:
        >>> even_clip(3, 0.5).times_s
        (0.0, 0.5, 1.0)
    """
    if step_s is None or not np.isfinite(step_s) or step_s <= 0:
        return Clip(frames)
    return Clip(frames, tuple(n * float(step_s) for n in range(frames)))
