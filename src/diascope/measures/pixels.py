"""Area and perimeter of a structure in a picture, in pixels."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._crofton import border_measure

UNITS = {"area": "px", "perimeter": "px", "area_share": ""}


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return area and perimeter in pixels (taken as square), and the share of the picture that the structure fills."""
    count = int(np.count_nonzero(region.mask))
    return {
        "area": Quantity(float(count), "px"),
        "perimeter": Quantity(border_measure(region.mask, (1.0, 1.0)), "px"),
        "area_share": Quantity(count / region.mask.size),
    }


MEASURE = Measure(
    "pixels",
    "Area and perimeter in pixels, and the share of the picture",
    ndims=(2,),
    needs_spacing=False,
    needs_image=False,
    units=(),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
)
