"""Area and perimeter of a structure in a 2-D image with millimetres."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._crofton import border_measure


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the number of pixels times their area, and the length of the outline, inner ones included, by Crofton."""
    spacing = region.spacing_mm or ()
    area = int(np.count_nonzero(region.mask)) * math.prod(spacing)
    return {"area": Quantity(area, "mm²"), "perimeter": Quantity(border_measure(region.mask, spacing), "mm")}


MEASURE = Measure(
    "area",
    "Area and perimeter in mm",
    ndims=(2,),
    needs_spacing=True,
    needs_image=False,
    units=(),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: {"area": "mm²", "perimeter": "mm"},
)
