"""Long and short axis and their product, in the plane of acquisition (RECIST, WHO)."""

from collections.abc import Mapping
from typing import Any

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._diameters import recist_axes

UNITS = {"recist_long": "mm", "recist_short": "mm", "who_product": "mm²"}


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the longest diameter in any slice, the longest one perpendicular to it there, and their product.

    Slices are those of acquisition, as ``slice_axis`` finds them.
    """
    axes = recist_axes(region.mask, region.spacing_mm or ())
    values = (axes.long_mm, axes.short_mm, axes.long_mm * axes.short_mm)
    return {name: Quantity(value, unit) for (name, unit), value in zip(UNITS.items(), values, strict=True)}


MEASURE = Measure(
    "recist",
    "Longest diameter in a slice, the one perpendicular to it (RECIST 1.1), and their product (WHO)",
    ndims=(2, 3),
    needs_spacing=True,
    needs_image=False,
    units=(),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
)
