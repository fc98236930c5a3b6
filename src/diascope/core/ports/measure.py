"""A measure: numbers that are taken from one region of an image, each with its unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Region:
    """One structure of one case.

    Attributes:
        mask: ``(I, J[, K])``.
        affine: voxel indices → RAS+ mm ``(4, 4)``, as in ``core.geometry``; None where no spacing is known.
        spacing_mm: edges of a voxel; None where unknown: measures in mm are then refused, not guessed.
        image: ``(I, J[, K])`` on the same grid, in ``unit``; None where only a mask was given.
        unit: such as ``HU`` or ``SUV``; None where unknown.
        probability: ``(I, J[, K])`` of the structure, where a model gave one: what uncertainty is measured by.
        others: further masks of the same case by the name of their structure (the disc beside the cup).
        name: of this structure.
        vertical: axis of a picture that runs from top to bottom, where its file says so; None where at most the affine
            tells.
    """

    mask: NDArray[np.bool_]
    affine: NDArray[np.float64] | None = None
    spacing_mm: tuple[float, ...] | None = None
    image: NDArray | None = None
    unit: str | None = None
    probability: NDArray | None = None
    others: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    name: str = ""
    vertical: int | None = None


@dataclass(frozen=True)
class Quantity:
    """One number.

    Attributes:
        value: nan where undefined, then with ``why`` in one sentence.
        unit: as written beside the number (``ml``, ``mm``, ``HU``); empty for a plain number.
        low, high: bounds of the value's uncertainty where it is known, else None.
    """

    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Measure:
    """One group of numbers.

    Attributes:
        name: the plug-in's name, by which it is asked for.
        title: for a report and the help text.
        ndims: numbers of spatial axes that it can measure.
        needs_spacing: everything in it is undefined without millimetres.
        needs_image: everything in it is undefined without the image's values.
        units: units of the image in which it has a meaning; empty: any.
        is_standard: measured unless others are asked for.
        compute: ``(region, options) -> name → quantity``. Never called with an empty mask, nor where one of the needs
            above is not met: the caller then names every quantity of ``names`` with nan and the reason. Empty where it
            is not about this structure (the disc has no cup-to-disc ratio).
        names: ``(ndim, options) -> names and units`` of all quantities that ``compute`` gives, in its order.
        options: keys of the options that it reads; one that no chosen measure reads is refused. Beside what the user
            chose, ``unit`` is the image's unit, or None.
        defaults: ``options -> value of each option that the measure falls back on``; they are kept beside the chosen
            ones, so that a number says how it was taken.
    """

    name: str
    title: str
    ndims: tuple[int, ...]
    needs_spacing: bool
    needs_image: bool
    units: tuple[str, ...]
    is_standard: bool
    compute: Callable[[Region, Mapping[str, Any]], dict[str, Quantity]]
    names: Callable[[int, Mapping[str, Any]], dict[str, str]]
    options: tuple[str, ...] = ()
    defaults: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda options: {}
