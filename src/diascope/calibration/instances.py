"""Three maps to separate objects, and the thresholds that do it best.

The maps are those of ``losses/instances.py``: foreground, depth and contact, as whole numbers from 0 to 255.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from diascope.core.documents.calibration import Calibration

FULL = 255
"""What a map holds for certain."""


@dataclass(frozen=True)
class Thresholds:
    """How objects are told from what is around them, and from each other.

    Attributes:
        foreground: from which share of 1 a voxel belongs to any object.
        seed: how deep a voxel lies at least that marks an object, as a share of 1.
        smallest: voxels of the smallest object; smaller ones are dropped.
    """

    foreground: float = 0.5
    seed: float = 0.5
    smallest: int = 1


def separate(maps: NDArray[np.uint8], thresholds: Thresholds) -> NDArray[np.int32]:
    """Return the instance map ``(I, J[, K])`` of maps ``(3, I, J[, K])``.

    Every connected part of what is deep enough and no contact marks one object; from these the foreground is flooded
    (watershed), the deepest and those without contact first. A part of the foreground without any mark is an object of
    its own. It is done clump by clump, so that memory grows with the largest one only, beside the result.
    """
    from scipy.ndimage import find_objects, label

    foreground = maps[0] >= max(1, round(thresholds.foreground * FULL))
    clumps, _ = label(foreground)
    result = np.zeros(foreground.shape, np.int32)
    last = 0
    for number, box in enumerate(find_objects(clumps), 1):
        inside = clumps[box] == number
        found = _separate_clump(maps[(slice(None), *box)], inside, thresholds.seed)
        sizes = np.bincount(found.ravel())
        kept = sizes >= max(1, thresholds.smallest)
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept) + last, 0)
        result[box][inside] = numbers[found[inside]]
        last += int(kept.sum())
    return result


def _separate_clump(maps: NDArray[np.uint8], inside: NDArray[np.bool_], seed: float) -> NDArray[np.int32]:
    from scipy.ndimage import label
    from skimage.segmentation import watershed

    energy = maps[1].astype(np.int32) * (FULL - maps[2]) // FULL
    marks, count = label(inside & (energy >= seed * FULL))
    if count < 2:
        return inside.astype(np.int32)
    return watershed(-energy, marks, mask=inside)
