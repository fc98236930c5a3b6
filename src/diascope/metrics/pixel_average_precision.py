"""Area under the precision-recall curve of voxels."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric


def compute(positives: NDArray, negatives: NDArray) -> float:
    """Return the precision at each score weighted by the recall it adds, over the voxels of all cases together.

    Args:
        positives: ``(B,)`` voxels inside the reference in each bin, the bins in the order of rising scores.
        negatives: the same outside.

    Voxels of one bin count as equal. Undefined (nan) without a voxel inside. Source: as ``average_precision``.
    """
    found, alarms = (np.cumsum(np.asarray(counts, np.float64)[::-1]) for counts in (positives, negatives))
    if not found.size or found[-1] == 0:
        return float("nan")
    named = found + alarms
    precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
    return float((np.diff(found, prepend=0.0) * precision).sum() / found[-1])


METRIC = Metric(
    "pixel_average_precision",
    "Average precision of voxels",
    "score",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="precision averaged over all sensitivities, a voxel counting as a case: how well the map says where; the "
    "share of abnormal voxels is guessing",
)
