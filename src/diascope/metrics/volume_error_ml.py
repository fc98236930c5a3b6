"""How much volume a mask is off by."""

import math

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric

MM3_IN_ML = 1000.0


def compute(reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...] | None) -> float:
    """Return the absolute difference of the two volumes in ml.

    0 where both masks are empty: saying that nothing is there is right. Undefined (nan) without a spacing and for a
    2-D image, whose area is no volume.
    """
    if spacing_mm is None or len(spacing_mm) != 3:
        return float("nan")
    voxels = np.count_nonzero(prediction) - np.count_nonzero(reference)
    return abs(voxels) * math.prod(spacing_mm) / MM3_IN_ML


METRIC = Metric(
    "volume_error_ml",
    "Volume error",
    "mask",
    unit="ml",
    higher_is_better=False,
    bounds=(0.0, float("inf")),
    compute=compute,
    needs_spacing=True,
    explained="difference between predicted and reference volume; nearer to 0 is better",
)
