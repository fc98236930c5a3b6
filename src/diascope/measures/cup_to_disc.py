"""Cup-to-disc ratio of the optic nerve head in a fundus photograph."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region

UNITS = {"vertical_cup_to_disc": "", "horizontal_cup_to_disc": "", "area_cup_to_disc": ""}
DISC = ("disc", "disk")


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the ratio of the heights, of the widths and of the areas of cup and disc.

    Measured for the structure that is called the cup (``cup`` among the options, else any name with that word); the
    disc is ``disc`` among the options, else the structure with that word in its name. The cup lies in the disc: its
    pixels count as the disc's, whether the label map holds the whole disc or the rim around the cup. Rows of the
    picture run from superior to inferior. Undefined (nan) where there is no disc.
    """
    if not _is_called(region.name, options.get("cup"), ("cup",)):
        return {}
    discs = [mask for name, mask in region.others.items() if _is_called(name, options.get("disc"), DISC)]
    if len(discs) != 1 or not discs[0].any():
        return {name: Quantity(math.nan, why=_without_disc(discs)) for name in UNITS}
    cup, disc = region.mask, discs[0] | region.mask
    areas = np.count_nonzero(cup) / np.count_nonzero(disc)
    values = (_extent(cup, 0) / _extent(disc, 0), _extent(cup, 1) / _extent(disc, 1), areas)
    return {name: Quantity(value) for name, value in zip(UNITS, values, strict=True)}


def _is_called(name: str, wanted: str | None, words: tuple[str, ...]) -> bool:
    """Answer whether a structure is the one that was named, or else has one of the words in its name."""
    return name == wanted if wanted else any(word in name.lower() for word in words)


def _without_disc(discs: list[NDArray[np.bool_]]) -> str:
    if not discs:
        return "there is no structure that is called the disc"
    return "several structures may be the disc" if len(discs) > 1 else "the disc's mask is empty"


def _extent(mask: NDArray[np.bool_], axis: int) -> int:
    """Return the pixels from the first to the last one along an axis."""
    filled = np.flatnonzero(mask.any(axis=1 - axis))
    return int(filled[-1] - filled[0] + 1)


MEASURE = Measure(
    "cup_to_disc",
    "Vertical, horizontal and area cup-to-disc ratio",
    ndims=(2,),
    needs_spacing=False,
    needs_image=False,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
    options=("cup", "disc"),
)
