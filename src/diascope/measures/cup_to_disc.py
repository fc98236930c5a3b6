"""Cup-to-disc ratio of the optic nerve head in a fundus photograph."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region

UNITS = {"vertical_cup_to_disc": "", "horizontal_cup_to_disc": "", "area_cup_to_disc": ""}
DISC = ("disc", "disk")
SIDEWAYS = math.cos(math.radians(44))
"""Cosine from which an axis runs from left to right: nearer to it than halfway, so that only one of two can."""
NO_VERTICAL = "neither the file's format nor its affine says which axis runs from top to bottom"


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the ratio of the heights, of the widths and of the areas of cup and disc.

    Measured for the structure that is called the cup (``cup`` among the options, else any name with that word); the
    disc is ``disc`` among the options, else the structure with that word in its name. The cup lies in the disc: its
    pixels count as the disc's, whether the label map holds the whole disc or the rim around the cup. Vertical is the
    axis that runs down the picture, by its format or else by its affine. Undefined (nan) where there is no disc, and
    all but the areas where no axis is known to be vertical.
    """
    if not _is_called(region.name, options.get("cup"), ("cup",)):
        return {}
    discs = [mask for name, mask in region.others.items() if _is_called(name, options.get("disc"), DISC)]
    if len(discs) != 1 or not discs[0].any():
        return {name: Quantity(math.nan, why=_without_disc(discs)) for name in UNITS}
    cup, disc = region.mask, discs[0] | region.mask
    areas = np.count_nonzero(cup) / np.count_nonzero(disc)
    along = [Quantity(_extent(cup, axis) / _extent(disc, axis)) for axis in (0, 1)]
    vertical = _vertical_axis(region)
    if vertical is None:
        along = [Quantity(math.nan, why=NO_VERTICAL)] * 2
    elif vertical == 1:
        along.reverse()
    return dict(zip(UNITS, (*along, Quantity(areas)), strict=True))


def _vertical_axis(region: Region) -> int | None:
    """Return the array's axis that runs from top to bottom; None where nothing says it.

    By the affine it is the one of the two that does not run from left to right: eyes are photographed from the front,
    and formats of volumes have a picture's height along y as often as along z.
    """
    if region.vertical is not None or region.affine is None:
        return region.vertical
    direction = region.affine[:3, :2] / np.linalg.norm(region.affine[:3, :2], axis=0)
    is_sideways = np.abs(direction[0]) > SIDEWAYS
    return int(is_sideways.argmin()) if is_sideways.sum() == 1 else None


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
