"""Overlap of two masks."""

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.metric import Metric


def compute(reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: tuple[float, ...] | None) -> float:
    """Return twice the common voxels over the voxels of both masks.

    0 where one mask is empty; undefined (nan) where both are: there is nothing to overlap.
    Source: Dice, Ecology 26, 1945; nnU-Net counts cases without a structure in the same way.
    """
    both = np.count_nonzero(reference) + np.count_nonzero(prediction)
    return 2.0 * np.count_nonzero(reference & prediction) / both if both else float("nan")


METRIC = Metric(
    "dice",
    "Dice",
    "mask",
    unit="",
    higher_is_better=True,
    bounds=(0.0, 1.0),
    compute=compute,
    explained="overlap of the predicted and the reference region; 1 is perfect, 0 is none",
)
