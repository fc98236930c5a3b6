"""Volume with bounds of its uncertainty."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region

MM3_IN_ML = 1000.0
LIKELY, UNLIKELY = 0.975, 0.025
"""Probabilities at which the bounds of a 95 % interval are cut."""


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the number of voxels times their volume, in ml.

    The bounds say what the voxel size leaves open. Where the model gave probabilities they are the volumes of the
    voxels with at least .975 and at least .025: the 95 % interval where all voxels err together, which is the widest of
    all dependencies with these probabilities. Else a voxel is taken to belong to the mask where at least half of it
    does: each voxel at the inner side of the border is then half to wholly full and each at the outer side at most
    half, and the bounds are reached where all of them are half full. Neither says how well the outline was drawn.
    """
    voxel_ml = math.prod(region.spacing_mm or ()) / MM3_IN_ML
    count = int(np.count_nonzero(region.mask))
    low, high = _by_probability(region) if region.probability is not None else _by_border(region.mask)
    bounds = (min(low, count) * voxel_ml, max(high, count) * voxel_ml)
    return {"volume": Quantity(count * voxel_ml, "ml", *bounds)}


def _by_probability(region: Region) -> tuple[float, float]:
    """Return the number of voxels that almost surely belong to the mask, and of those that may."""
    probability = np.asarray(region.probability)
    return float(np.count_nonzero(probability >= LIKELY)), float(np.count_nonzero(probability >= UNLIKELY))


def _by_border(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the voxels less half of those at the inner side of the border, and with half of those at the outer."""
    from scipy.ndimage import binary_dilation, binary_erosion

    padded = np.pad(mask, 1)
    count = np.count_nonzero(mask)
    inner = count - np.count_nonzero(binary_erosion(padded))
    outer = np.count_nonzero(binary_dilation(padded)) - count
    return count - inner / 2, count + outer / 2


MEASURE = Measure(
    "volume",
    "Volume in ml, with bounds from the voxel size or from probabilities",
    ndims=(3,),
    needs_spacing=True,
    needs_image=False,
    units=(),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: {"volume": "ml"},
)
