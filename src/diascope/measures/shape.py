"""Surface area, sphericity and the largest diameter in space."""

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._crofton import border_measure

UNITS = {"surface_area": "mm²", "sphericity": "", "max_diameter_3d": "mm"}
FEWEST_VOXELS = 27
"""Below it a region has no shape that its voxels could tell, and its sphericity is undefined (chosen here: a cube of
three voxels' edge is the smallest that has an inside)."""


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the area by Crofton's formula, the sphericity, and the largest distance of two points of the border.

    The border runs midway between voxels inside and outside, as in ``recist``, so a single voxel is one voxel long. The
    diameter is then off by -.35 to .9 of the largest voxel edge on average (turned ellipsoids of radii 6 to 20 mm on
    voxels of 1 to 5 mm; most are too long), the lower bound, between voxel centres, by -1.2 to -.05. Sphericity is the
    area of the ball with the region's volume, divided by the region's area: 1 for a ball (up to 1 %, as the area).
    Undefined (nan) for fewer than 27 voxels. Source: Wadell, J Geol 43:250-280, 1935.
    """
    spacing = region.spacing_mm or ()
    area = border_measure(region.mask, spacing)
    count = np.count_nonzero(region.mask)
    volume = count * math.prod(spacing)
    sphericity = Quantity(math.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area)
    if count < FEWEST_VOXELS:
        sphericity = Quantity(math.nan, why=f"the region has fewer than {FEWEST_VOXELS} voxels")
    shortest, diameter = _max_diameter(region.mask, np.asarray(spacing))
    return {
        "surface_area": Quantity(area, "mm²"),
        "sphericity": sphericity,
        "max_diameter_3d": Quantity(diameter, "mm", shortest, diameter),
    }


def _max_diameter(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest distance between two voxel centres, and between two points midway to voxels outside."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    steps = np.array([s for s in product((-0.5, 0.0, 0.5), repeat=3) if np.count_nonzero(s) == 1])
    centres = _ends_of_rows(mask)
    points = (centres[:, None] + steps).reshape(-1, 3)
    corners = ConvexHull(points).vertices
    inner = np.unique(centres[corners // len(steps)], axis=0)
    shortest, longest = (float(pdist(p * spacing).max(initial=0)) for p in (inner, points[corners]))
    return shortest, longest


def _ends_of_rows(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the first and the last voxel ``(N, 3)`` of each row: no other can lie on the hull."""
    rows = np.argwhere(mask.any(axis=2))
    lines = mask[rows[:, 0], rows[:, 1]]
    first, last = lines.argmax(axis=1), lines.shape[1] - 1 - lines[:, ::-1].argmax(axis=1)
    return np.concatenate([np.column_stack([rows, end]) for end in (first, last)]).astype(np.float64)


MEASURE = Measure(
    "shape",
    "Surface area, sphericity and largest diameter in space",
    ndims=(3,),
    needs_spacing=True,
    needs_image=False,
    units=(),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
)
