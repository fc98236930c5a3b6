"""Share of the two surfaces that lie within a tolerance of each other."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric
from diascope.metrics._borders import measure_borders

TOLERANCE_MM = 1.0
"""Chosen here: the voxel edge of a 1 mm scan, so that there a border off by one voxel is forgiven.

One number for all data, so that figures compare; where voxels are larger it asks for voxel-exact borders.
"""

HEADER_SLACK = 1e-4
"""Relative; a spacing of 1.00000006 mm, which is 1 mm through a float32 header, must not turn one voxel into a miss."""


def compute(reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...] | None) -> float:
    """Return the border voxels of both masks within the tolerance of the other's border, over all border voxels.

    0 where one mask is empty; undefined (nan) where both are, or without a spacing.
    Source: Nikolov et al., J Med Internet Res 23, 2021; on border voxels as in Metrics Reloaded (Maier-Hein et al.,
    Nat Methods 21, 2024) and MONAI, not on the surface elements of DeepMind's own code, so voxels count equally.
    """
    if spacing_mm is None or not (reference.any() or prediction.any()):
        return float("nan")
    if not (reference.any() and prediction.any()):
        return 0.0
    distances = measure_borders(reference, prediction, spacing_mm)
    reach = TOLERANCE_MM * (1 + HEADER_SLACK)
    near = [np.count_nonzero(d <= reach) for d in (distances.from_reference, distances.from_prediction)]
    return sum(near) / (distances.from_reference.size + distances.from_prediction.size)


METRIC = Metric(
    "surface_dice",
    "Surface Dice at 1 mm",
    "mask",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    needs_spacing=True,
    explained="share of both outlines that lie close enough to each other; 1 is perfect",
)
