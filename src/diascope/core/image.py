"""An image in memory: channels on one grid."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Image:
    """Voxels and where they lie.

    Attributes:
        array: ``(C, I, J)`` or ``(C, I, J, K)`` in the file's own number type after rescaling. A photograph has its
            rows as I and its columns as J. An image over time has its frames as planes, ``(C * T, I, J[, K])`` with
            the time running fastest, so that ``frames`` shows it as ``(C, T, I, J[, K])`` without a copy.
        geometry: the grid of the spatial axes.
        unit: ``HU``, ``SUV``, ``Bq/ml`` … or None where it is not known.
        modality: DICOM (0008,0060), such as ``CT``, or None.
        notes: what the reader had to decide or noticed, in whole sentences, for ``inspect`` to show.
        clip: the time axis; None for a still image.
    """

    array: NDArray
    geometry: Geometry
    unit: str | None = None
    modality: str | None = None
    notes: tuple[str, ...] = field(default=())
    clip: Clip | None = None

    def __post_init__(self) -> None:
        """Refuse an array that does not fit its grid."""
        if self.array.shape[1:] != self.geometry.shape:
            raise GeometryError(
                "array and grid have different shapes",
                expected=f"(C, {', '.join(map(str, self.geometry.shape))})",
                got=self.array.shape,
            )
        if self.clip is not None and len(self.array) % self.clip.frames:
            raise GeometryError(
                "the planes are no whole number of frames", expected=f"C x {self.clip.frames}", got=len(self.array)
            )

    def __repr__(self) -> str:
        """Return shape, number type, grid and unit, and none of the voxels."""
        spacing = self.geometry.spacing_mm
        steps = "spacing not known" if spacing is None else f"{' x '.join(f'{s:.4g}' for s in spacing)} mm"
        unit = f", {self.unit}" if self.unit else ""
        time = f", {self.clip.describe()}" if self.clip else ""
        return f"Image(shape {self.array.shape}, {self.array.dtype}, {steps}{unit}{time})"

    @property
    def channels(self) -> int:
        """Return the number of planes: channels C, times T for an image over time."""
        return self.array.shape[0]

    @property
    def frames(self) -> NDArray:
        """Return a view ``(C, T, I, J[, K])``; a still image has one frame."""
        return self.array.reshape(-1, self.clip.frames if self.clip else 1, *self.array.shape[1:])

    def with_array(self, array: NDArray) -> "Image":
        """Return the same image with other voxels on the same grid."""
        return replace(self, array=array)

    def with_note(self, note: str) -> "Image":
        """Return the same image with one more note."""
        return replace(self, notes=(*self.notes, note))


def label_array(image: Image) -> NDArray[np.integer]:
    """Return the label map ``(I, J[, K])`` of an image that holds whole numbers in one channel.

    Raises:
        GeometryError: there are several channels.
    """
    if image.channels != 1:
        raise GeometryError("a label map has one channel", expected=1, got=image.channels)
    array = image.array[0]
    if np.issubdtype(array.dtype, np.integer) or array.dtype == bool:
        return array.astype(np.int32) if array.dtype == bool else array
    rounded = np.rint(array)
    if not np.isfinite(array).all() or np.abs(rounded - array).max(initial=0) > 1e-3:
        raise GeometryError("a label map holds whole numbers", expected="whole numbers", got=f"{array.dtype} values")
    return rounded.astype(np.int32)
