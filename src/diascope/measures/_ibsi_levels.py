"""A region as the IBSI prescribes it: re-segmented by range, cut to its box, discretised into grey levels.

Source of all files ``ibsi_*``: Zwanenburg et al., Image biomarker standardisation initiative, reference manual,
arXiv:1612.07003, and Radiology 295:328-338, 2020.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import OptionError
from diascope.core.ports.measure import Quantity, Region
from diascope.measures._slice_axis import slice_axis

BIN_COUNT = 32
"""Grey levels where neither their number nor their width is chosen: the IBSI prefers no number; 32 is the middle of
those that it tested (8 to 128) and of its configurations B and E (chosen here)."""

MOST_LEVELS = 1024
"""More would need matrices of 8 MB for each of 13 directions and leave most of their cells empty (chosen here)."""

ARBITRARY = "a.u."
"""The unit that stands where the image's own is not known."""

RANGE, WIDTH, COUNT = "intensity_range", "bin_width", "bin_count"
LEVEL_OPTIONS = (RANGE, WIDTH, COUNT)


NO_VALUE = "it has no finite value for this region"


class UndefinedError(Exception):
    """Nothing of a group is defined for a region; the message says why."""


@dataclass(frozen=True, eq=False)
class Levels:
    """A discretised region, cut to the box of its mask.

    Attributes:
        grey: levels from 1 up, ``(K, I, J)`` with the slices first, 0 outside; one slice for a picture.
        body: the mask before re-segmentation, on the same box.
        count: the number of levels that there may be: the highest one.
    """

    grey: NDArray[np.int32]
    body: NDArray[np.bool_]
    count: int


def intensities(region: Region, options: Mapping[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values of the region within the range, and the mask of these voxels, in the shape of the image.

    Raises:
        UndefinedError: a value is no number (without a range, which would leave it out), or none is left.
        OptionError: the range is none.
    """
    low, high = intensity_range(options)
    image = np.asarray(region.image)
    values = image[region.mask].astype(np.float64)
    if (low, high) == (-math.inf, math.inf):
        broken = int(np.count_nonzero(~np.isfinite(values)))
        if broken:
            raise UndefinedError(f"{broken} of {len(values)} voxels of the region hold no number")
        return values, region.mask
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(values) & (values >= low) & (values <= high)
    if not inside.any():
        raise UndefinedError(f"no voxel of the region lies within the range {low:g} to {high:g}")
    kept = np.zeros_like(region.mask)
    kept[region.mask] = inside
    return values[inside], kept


def intensity_range(options: Mapping[str, Any]) -> tuple[float, float]:
    """Return the range of re-segmentation; infinite where it is open.

    Raises:
        OptionError: it is no pair of rising numbers.
    """
    given = options.get(RANGE)
    if given is None:
        return -math.inf, math.inf
    expected = "two rising numbers in the image's unit, None for an open end: (-1000, 400)"
    try:
        lower, upper = given
        low, high = -math.inf if lower is None else float(lower), math.inf if upper is None else float(upper)
    except (TypeError, ValueError):
        raise OptionError(f"{RANGE} is no range", expected=expected, got=given) from None
    if not low < high:
        raise OptionError(f"{RANGE} is no range", expected=expected, got=given)
    return low, high


def discretise(values: NDArray[np.float64], options: Mapping[str, Any]) -> tuple[NDArray[np.int32], int]:
    """Return the level of each value, from 1 up, and the highest level that there may be.

    ``bin_width`` sets bins of one width (IBSI Q3RU) from the lower end of ``intensity_range``, or from the smallest
    value where there is none; ``bin_count`` sets their number (IBSI K15C) over the range of the values. Default: 32.

    Raises:
        OptionError: both are given, or one is not positive.
        UndefinedError: there would be more than 1024 levels.
    """
    width, count = options.get(WIDTH), options.get(COUNT)
    if width is not None and count is not None:
        raise OptionError("grey levels have a width or a number", expected=f"{WIDTH} or {COUNT}", got="both")
    if width is None:
        return _by_count(values, BIN_COUNT if count is None else count)
    if not (isinstance(width, int | float) and 0 < width < math.inf):
        raise OptionError(f"{WIDTH} is no width", expected="a positive number in the image's unit", got=width)
    start = intensity_range(options)[0]
    levels = np.floor((values - (values.min() if math.isinf(start) else start)) / width) + 1
    if levels.max() > MOST_LEVELS:
        why = f"{WIDTH} {width:g} makes {int(levels.max())} grey levels, more than {MOST_LEVELS}"
        raise UndefinedError(why)
    return levels.astype(np.int32), int(levels.max())


def _by_count(values: NDArray[np.float64], count: Any) -> tuple[NDArray[np.int32], int]:
    if not (isinstance(count, int) and 1 < count <= MOST_LEVELS):
        raise OptionError(f"{COUNT} is no number of levels", expected=f"2 to {MOST_LEVELS}", got=count)
    lowest, highest = values.min(), values.max()
    if lowest == highest:
        return np.ones(len(values), np.int32), 1
    levels = np.floor(count * ((values - lowest) / (highest - lowest))) + 1
    return np.minimum(levels, count).astype(np.int32), count


def level_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the number of grey levels where neither it nor their width was chosen."""
    return {} if {WIDTH, COUNT} & set(options) else {COUNT: BIN_COUNT}


def grey_levels(region: Region, options: Mapping[str, Any]) -> Levels:
    """Return a region's grey levels with its slices along the first axis.

    Slices are those of acquisition, as ``slice_axis`` finds them; without a spacing they lie across the last axis.

    Raises:
        UndefinedError, OptionError: as of its parts.
    """
    values, kept = intensities(region, options)
    levels, count = discretise(values, options)
    grey = np.zeros(kept.shape, np.int32)
    grey[kept] = levels
    box = tuple(slice(e.min(), e.max() + 1) for e in np.nonzero(region.mask))
    return Levels(_slices_first(grey[box], region), _slices_first(region.mask[box], region), count)


def _slices_first(array: NDArray, region: Region) -> NDArray:
    if array.ndim == 2:
        return np.ascontiguousarray(array[None])
    first, second, third = region.spacing_mm or (1.0,) * 3
    return np.ascontiguousarray(np.moveaxis(array, slice_axis((first, second, third)), 0))


def answer(units: Mapping[str, str], take: Callable[[], dict[str, float | str]]) -> dict[str, Quantity]:
    """Return the named quantities of what ``take`` gives: a number, or the reason why there is none.

    What it does not give, and everything where it raises UndefinedError, is nan with that reason.
    """
    try:
        found, otherwise = take(), NO_VALUE
    except UndefinedError as error:
        found, otherwise = {}, str(error)
    quantities = {}
    for name, unit in units.items():
        value = found.get(name, otherwise)
        if isinstance(value, str):
            quantities[name] = Quantity(math.nan, unit, why=value)
        elif math.isfinite(value):
            quantities[name] = Quantity(float(value), unit)
        else:
            quantities[name] = Quantity(math.nan, unit, why=NO_VALUE)
    return quantities
