"""What every texture plug-in of the IBSI set has in common: names, the undefined region, the declaration."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_levels import LEVEL_OPTIONS, NO_VALUE, Levels, answer, grey_levels, level_defaults
from diascope.measures._ibsi_matrices import names_of

Take = Callable[[Levels, int], Iterable[tuple[str, float]]]


def texture_measure(
    family: str, title: str, features: Mapping[str, str], take: Take, *, directed: bool, undefined: str = NO_VALUE
) -> Measure:
    """Return the plug-in of a family of texture features.

    Args:
        family: such as ``glcm``; names begin with it, the plug-in's with ``ibsi_``.
        title: for a report.
        features: name → IBSI code.
        take: grey levels and number of axes → names and values in every aggregation.
        directed: whether there is a matrix for each direction.
        undefined: why a feature of this family has no value for some regions.
    """

    def names(ndim: int, options: Mapping[str, Any]) -> dict[str, str]:
        return names_of(family, features, ndim, directed=directed)

    def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
        def found() -> dict[str, float | str]:
            values = take(grey_levels(region, options), region.mask.ndim)
            return {name: undefined if math.isnan(value) else value for name, value in values}

        return answer(names(region.mask.ndim, options), found)

    return Measure(
        f"ibsi_{family}",
        title,
        ndims=(2, 3),
        needs_spacing=False,
        needs_image=True,
        units=(),
        is_standard=False,
        compute=compute,
        names=names,
        options=LEVEL_OPTIONS,
        defaults=level_defaults,
    )
