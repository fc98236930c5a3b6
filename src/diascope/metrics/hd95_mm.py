"""Distance that 95 % of the two surfaces keep."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric
from diascope.metrics._borders import measure_borders


def compute(reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...] | None) -> float:
    """Return the larger of the two directed 95th percentiles of border distance, in mm.

    Undefined (nan) where a mask is empty, or without a spacing. Where only one is empty any finite stand-in (such as
    the image's diagonal) would measure the field of view and outweigh every other case in the mean; the miss
    costs its 0 in Dice and surface Dice, and the undefined cases are counted beside the mean.
    Source: Huttenlocher et al., IEEE TPAMI 15, 1993; percentile and direction as in Metrics Reloaded (Maier-Hein et
    al., Nat Methods 21, 2024) and MONAI.
    """
    if spacing_mm is None or not (reference.any() and prediction.any()):
        return float("nan")
    distances = measure_borders(reference, prediction, spacing_mm)
    directed = (np.percentile(d, 95) for d in (distances.from_reference, distances.from_prediction))
    return float(max(directed))


METRIC = Metric(
    "hd95_mm",
    "95 % Hausdorff distance",
    "mask",
    unit="mm",
    higher_is_better=False,
    bounds=(0.0, float("inf")),
    compute=compute,
    needs_spacing=True,
    explained="distance that 95 % of the outline stays within; smaller is better",
)
