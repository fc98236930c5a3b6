"""Whether a structure changes from frame to frame as it does in the reference."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric


def changes(film: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how much a mask ``(I, J, T)`` changes from each frame to the next, ``(T - 1,)``: 1 less their Dice.

    0 where both frames are empty: nothing changes.

    Example:
        >>> changes(np.array([[[1, 1, 0], [0, 1, 0]]], bool)).round(2).tolist()
        [0.33, 1.0]
    """
    axes = tuple(range(film.ndim - 1))
    voxels = np.count_nonzero(film, axis=axes)
    common = np.count_nonzero(film[..., 1:] & film[..., :-1], axis=axes)
    both = voxels[1:] + voxels[:-1]
    return np.where(both > 0, 1 - 2 * common / np.maximum(both, 1), 0.0)


def compute(reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...] | None) -> float:
    """Return the agreement of both masks' changes, the last axis being the time: 1 - sum |p - r| / sum max(p, r).

    p and r are ``changes`` of the prediction and of the reference: one less the overlap of consecutive frames, which
    Varghese et al. (CVPR Workshops 2020) average over a sequence, as an IoU after alignment by optical flow. Without a
    reference, a frozen answer is the most consistent one; held against the reference's own changes (Ruzicka's
    similarity), it has 0 as soon as the structure moves, and so has one that flickers where nothing moves. A border
    that lies a little outside in all frames costs nothing: that is Dice's business.

    1 where neither changes. Undefined (nan) with fewer than two frames, or where both masks are empty.
    """
    if reference.ndim < 3 or reference.shape[-1] < 2 or not (reference.any() or prediction.any()):
        return float("nan")
    known, found = changes(reference), changes(prediction)
    most = np.maximum(known, found).sum()
    return float(1 - np.abs(known - found).sum() / most) if most > 0 else 1.0


METRIC = Metric(
    "temporal_consistency",
    "Temporal consistency",
    "mask",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    over_frames=True,
    explained="whether the region changes from frame to frame as the reference does; 1 is perfect, 0 is a frozen or a "
    "flickering answer",
)
