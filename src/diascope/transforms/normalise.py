"""Scale a channel's values to what a network likes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import OptionError, nearest

Scheme = Literal["zscore", "zscore_nonzero", "clip_zscore", "scale", "none"]

SMALLEST_STD = 1e-8
"""A standard deviation below this counts as a constant image, which becomes 0 (nnU-Net's floor)."""


@dataclass(frozen=True)
class Normalisation:
    """How one channel is scaled; all planes of a colour picture together, so that its hues stay.

    Attributes:
        scheme: ``zscore`` by the image's own mean and deviation; ``zscore_nonzero`` by those of its voxels that are
            not 0, which alone are changed; ``clip_zscore`` clips to ``lower`` and ``upper`` (where given) and takes
            the data set's ``mean`` and ``std``; ``scale`` takes ``lower … upper`` (absent: the image's own range)
            to 0 … 1, clipped; ``none``.
        lower, upper, mean, std: in the channel's own unit; ``mean`` and ``std`` may be one for each plane.
    """

    scheme: Scheme = "zscore"
    lower: float | None = None
    upper: float | None = None
    mean: float | tuple[float, ...] | None = None
    std: float | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a scheme that lacks its numbers."""
        if self.scheme not in get_args(Scheme):
            raise OptionError(f"no normalisation {self.scheme!r}", fix=nearest(self.scheme, get_args(Scheme)))
        if self.scheme == "clip_zscore" and (self.mean is None or self.std is None):
            raise OptionError("clip_zscore needs the data set's mean and std", got=f"mean {self.mean}, std {self.std}")

    @classmethod
    def from_plan(cls, channel: str, values: Mapping[str, Any]) -> "Normalisation":
        """Return what the plan says of one channel.

        Raises:
            OptionError: an unknown key or scheme, or numbers are missing.
        """
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                raise OptionError(f"preprocess.normalise of {channel} has no {key!r}", fix=nearest(key, known))
        plain: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        try:
            return cls(**plain)
        except OptionError as error:
            error.add_note(f"channel {channel}")
            raise

    def apply(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale the channel ``(planes, *shape)`` in place and return it; a constant one becomes 0."""
        match self.scheme:
            case "zscore":
                _standardise(array, *_moments(array))
            case "zscore_nonzero":
                inside = array != 0
                if inside.any():
                    mean, std = _moments(array[inside])
                    np.subtract(array, mean, out=array, where=inside)
                    np.divide(array, max(std, SMALLEST_STD), out=array, where=inside)
            case "clip_zscore":
                if self.lower is not None or self.upper is not None:
                    np.clip(array, self.lower, self.upper, out=array)
                _standardise(array, _per_plane(self.mean, array), _per_plane(self.std, array))
            case "scale":
                low = float(array.min()) if self.lower is None else self.lower
                high = float(array.max()) if self.upper is None else self.upper
                _standardise(array, low, high - low)
                np.clip(array, 0, 1, out=array)
        return array


def _moments(array: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and standard deviation; numpy adds float32 pairwise, good to 1e-6 of the values."""
    mean = float(array.mean(dtype=np.float64))
    return mean, float(array.std(dtype=np.float32, mean=np.float32(mean)))


def _standardise(array: NDArray[np.float32], mean: Any, std: Any) -> None:
    array -= mean
    array /= np.maximum(std, SMALLEST_STD).astype(np.float32) if isinstance(std, np.ndarray) else max(std, SMALLEST_STD)


def _per_plane(numbers: float | tuple[float, ...] | None, array: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.asarray(numbers, np.float32).reshape(-1, *[1] * (array.ndim - 1))
    return np.broadcast_to(values, (len(array), *values.shape[1:]))
