"""The way back: what ``prepare`` did to a case's grid, and how results return to the grid of its file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry
from diascope.transforms.labels import resample_labels
from diascope.transforms.resample import resample


@dataclass(frozen=True)
class Trace:
    """Every step that changed the grid, in order; plain numbers only, so that it can stand in a JSON file.

    Attributes:
        shape, affine, has_spacing: the reference image's own grid (rows of the 4x4 RAS+ matrix).
        axes: the original axis that became each axis.
        flips: whether it was then turned round.
        box: first and last (exclusive) voxel that the crop kept along each axis.
        resampled: voxels along each axis after resampling.
        separate_axis: the axis that was resampled by the nearest slice.
        offset: where the final window starts in the resampled grid; negative where it was padded.
        final: voxels along each axis in the end.
    """

    shape: tuple[int, ...]
    affine: tuple[tuple[float, ...], ...]
    has_spacing: bool
    axes: tuple[int, ...]
    flips: tuple[bool, ...]
    box: tuple[tuple[int, int], ...]
    resampled: tuple[int, ...]
    separate_axis: int | None
    offset: tuple[int, ...]
    final: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Trace":
        """Return the trace that ``as_dict`` gave, also after JSON made lists of its tuples."""

        def plain(value: Any) -> Any:
            return tuple(plain(v) for v in value) if isinstance(value, list | tuple) else value

        return cls(**{key: plain(value) for key, value in values.items()})

    @property
    def original(self) -> Geometry:
        """Return the grid of the reference image's file."""
        return Geometry(self.shape, np.array(self.affine), self.has_spacing)

    @property
    def cropped(self) -> tuple[int, ...]:
        """Return the voxels along each axis between crop and resampling."""
        return tuple(stop - start for start, stop in self.box)

    @property
    def geometry(self) -> Geometry:
        """Return the grid that the network sees."""
        n = len(self.final)
        basis = restore_points(np.concatenate([np.zeros((1, n)), np.eye(n)]), self)
        step = np.eye(4)
        step[:n, :n] = (basis[1:] - basis[0]).T
        step[:n, 3] = basis[0]
        return Geometry(self.final, np.array(self.affine) @ step, self.has_spacing)


def restore_points(points: NDArray[np.floating], trace: Trace) -> NDArray[np.float64]:
    """Return where points ``(N, ndim)`` in voxels of the network's grid lie in voxels of the original one."""
    inside = np.asarray(points, np.float64) + trace.offset
    ratio = np.array(trace.cropped) / np.array(trace.resampled)
    full = (inside + 0.5) * ratio - 0.5 + [start for start, _ in trace.box]
    turned = np.array([trace.shape[axis] - 1 for axis in trace.axes])
    full = np.where(trace.flips, turned - full, full)
    out = np.empty_like(full)
    out[:, list(trace.axes)] = full
    return out


def restore_labels(labels: NDArray, trace: Trace, *, fill: int = 0) -> NDArray:
    """Return a label map of the network's grid on the original grid.

    Args:
        labels: ``trace.final`` whole numbers.
        trace: from ``prepare``.
        fill: what stands outside of the crop, background.

    Returns:
        ``trace.shape`` of the same type: linear weights, the largest wins (``resample_labels``).

    Raises:
        GeometryError: the map is not on the network's grid.
    """
    _check_shape(labels.shape, trace)
    window = _leave_window(labels[None], trace, fill)[0]
    return _return(resample_labels(window, trace.cropped, separate_axis=trace.separate_axis)[None], trace, fill)[0]


def restore_map(
    array: NDArray, trace: Trace, *, order: int = 1, fill: float | Sequence[float] = 0.0
) -> NDArray[np.float32]:
    """Return a map such as one class's probability on the original grid.

    Args:
        array: ``(C, *trace.final)``.
        trace: from ``prepare``.
        order: of the interpolation; 1 keeps probabilities summing to 1.
        fill: what stands outside of the crop, one number or one for each of the C (1 for background, else 0).

    Returns:
        ``(C, *trace.shape)`` float32.

    Raises:
        GeometryError: the map is not on the network's grid.
    """
    _check_shape(array.shape[1:], trace)
    window = _leave_window(array, trace, fill)
    return _return(resample(window, trace.cropped, order=order, separate_axis=trace.separate_axis), trace, fill)


def _check_shape(shape: tuple[int, ...], trace: Trace) -> None:
    if shape != trace.final:
        raise GeometryError("the result does not lie on the network's grid", expected=trace.final, got=shape)


def _leave_window(array: NDArray, trace: Trace, fill: float | Sequence[float]) -> NDArray:
    """Undo the final padding or cropping."""
    if trace.final == trace.resampled and not any(trace.offset):
        return array
    out = _filled(array, trace.resampled, fill)
    source, target = window_slices(trace.resampled, trace.offset, trace.final)
    out[:, *source] = array[:, *target]
    return out


def window_slices(
    shape: Sequence[int], offset: Sequence[int], final: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the part of a grid that a window sees, and the part of the window that it fills."""
    low = [max(0, o) for o in offset]
    high = [min(n, o + f) for n, o, f in zip(shape, offset, final, strict=True)]
    source = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return source, tuple(slice(a - o, b - o) for a, b, o in zip(low, high, offset, strict=True))


def _return(array: NDArray, trace: Trace, fill: float | Sequence[float]) -> NDArray:
    """Undo crop, flips and order of axes; ``array`` is ``(C, *trace.cropped)``."""
    canonical = tuple(trace.shape[axis] for axis in trace.axes)
    if trace.cropped != canonical:
        whole = _filled(array, canonical, fill)
        whole[:, *(slice(start, stop) for start, stop in trace.box)] = array
        array = whole
    array = array[:, *(slice(None, None, -1 if flip else 1) for flip in trace.flips)]
    return np.ascontiguousarray(array.transpose(0, *(1 + int(a) for a in np.argsort(trace.axes))))


def _filled(array: NDArray, shape: tuple[int, ...], fill: float | Sequence[float]) -> NDArray:
    out = np.empty((len(array), *shape), array.dtype)
    out[:] = np.reshape(np.asarray(fill), (-1, *[1] * len(shape)))
    return out
