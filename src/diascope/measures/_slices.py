"""Outlines between slices, by interpolation of signed distances."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLAT = 2.0
"""Voxels that are longer than this many times their shortest edge are interpolated along it (chosen here: below it
smoothing hides the steps)."""

MOST_BETWEEN = 8
"""Slices that one step is divided into at most."""


def flat_axis(steps: Sequence[float] | NDArray[np.float64]) -> int | None:
    """Return the axis along which voxels are much longer than along another one, None where there is none."""
    axis = int(np.argmax(steps))
    return axis if float(steps[axis]) > FLAT * float(min(steps)) else None


def interpolate_slices(
    mask: NDArray[np.bool_], places: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a field that is positive inside, on finer slices, and the places of these.

    The signed distance to the outline is interpolated linearly between neighbouring slices. Beyond the first and the
    last slice, and beside an empty one, the structure ends flat half a slice away, as voxels do.

    Args:
        mask: ``(K, I, J)``, slices first.
        places: of the slices, ascending.
        step: wanted distance of the new slices; no step is divided into more than eight.

    Returns:
        ``(K', I + 2, J + 2)`` float32 with a margin on every side, and evenly spaced places ``(K',)``.
    """
    gaps = np.diff(places) if len(places) > 1 else np.ones(1)
    fine = max(float(step), float(gaps.min()) / MOST_BETWEEN)
    ends = (places[0] - gaps[0], places[-1] + gaps[-1])
    count = int(np.ceil((ends[1] - ends[0]) / fine)) + 1
    where = np.linspace(*ends, count)
    known = np.concatenate([[ends[0]], places, [ends[1]]])
    padded = np.pad(mask, 1)
    distances = [_signed_distance(layer) for layer in padded]
    field = np.empty((count, *padded.shape[1:]), np.float32)
    for n, place in enumerate(where):
        after = min(max(int(np.searchsorted(known, place)), 1), len(known) - 1)
        share = float((place - known[after - 1]) / (known[after] - known[after - 1]))
        field[n] = _between(distances[after - 1], distances[after], min(max(share, 0.0), 1.0))
    return field, where


def _signed_distance(layer: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return distances in pixels, positive inside; None for an empty slice, which is at no distance from anything."""
    from scipy.ndimage import distance_transform_edt

    if not layer.any():
        return None
    inside, outside = (np.asarray(distance_transform_edt(m), np.float32) for m in (layer, ~layer))
    return np.where(layer, inside - 0.5, 0.5 - outside)


def _between(
    before: NDArray[np.float32] | None, after: NDArray[np.float32] | None, share: float
) -> NDArray[np.float32] | float:
    """Return the distances a share of the way between two slices; an empty one mirrors the other to its outside."""
    if before is None and after is None:
        return -1.0
    first = -np.abs(after) if before is None and after is not None else before
    last = -np.abs(before) if after is None and before is not None else after
    mixed = (1 - share) * np.asarray(first) + share * np.asarray(last)
    return np.asarray(mixed, np.float32)
