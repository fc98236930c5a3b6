"""The grid that an NRRD header describes (teem.sourceforge.net/nrrd/format.html)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.io._axes import MM_PER_UNIT, with_normal

SIGNS = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
"""What turns each anatomical space into RAS."""

SPATIAL_KINDS = ("domain", "space", "???", "none", "")
"""Kinds of axes that are, or may be, of the grid; along all others one place has several values."""


def directions(header: Mapping[str, Any]) -> list[NDArray[np.float64] | None]:
    """Return each axis's step in the header's own space, None for an axis that has none; empty without the field."""
    rows = header.get("space directions")
    vectors: list[NDArray[np.float64] | None] = []
    for row in () if rows is None else rows:
        vector = None if row is None else np.asarray(row, np.float64)
        vectors.append(vector if vector is not None and np.isfinite(vector).all() else None)
    return vectors


def channel_axes(header: Mapping[str, Any]) -> list[int]:
    """Return the axes that are not of the grid: those without a direction, else by their kind.

    Raises:
        ReadError: more or fewer than two or three axes are left for the grid.
    """
    ndim = int(header["dimension"])
    kinds = [str(kind).lower() for kind in header.get("kinds", ())]
    vectors = directions(header)
    found = [axis for axis, vector in enumerate(vectors) if vector is None]
    if not vectors:
        found = [axis for axis, kind in enumerate(kinds) if kind not in SPATIAL_KINDS]
    if not found and not vectors and ndim > 3:
        found = list(range(3, ndim))
    if ndim - len(found) not in (2, 3):
        raise ReadError("the grid has a wrong number of axes", expected="2 or 3", got=ndim - len(found))
    return found


def read_grid(header: Mapping[str, Any], shape: tuple[int, ...], axes: list[int]) -> tuple[Geometry, list[str]]:
    """Return the grid in RAS+ mm and what had to be decided for it.

    ``axes`` are the file's axes of the grid; ``shape`` lacks the last of them where it has only one slice.

    Raises:
        ReadError: the space is one that Diascope does not know, or the unit is none of length.
    """
    vectors = directions(header)
    if not vectors:
        return _from_spacings(header, shape, axes)
    notes: list[str] = []
    linear = np.zeros((3, 3))
    for column, axis in enumerate(axes):
        vector = vectors[axis]
        if vector is not None:
            linear[: min(len(vector), 3), column] = vector[:3]
    origin = np.zeros(3)
    given = header.get("space origin")
    if given is None:
        notes.append("The header has no origin: the position is unknown.")
    else:
        origin[: min(len(given), 3)] = given[:3]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = linear, origin
    affine = np.diag([*_signs(header, notes), 1.0]) @ affine
    mm = _mm(header.get("space units"), notes)
    affine[:3] *= mm
    return Geometry(shape, with_normal(affine, 1.0) if len(axes) == 2 or len(shape) == 2 else affine), notes


def _signs(header: Mapping[str, Any], notes: list[str]) -> tuple[int, int, int]:
    """Return what turns the header's space into RAS."""
    space = str(header.get("space", "")).lower()
    if space in SIGNS:
        return SIGNS[space]
    if "time" in space or header.get("space dimension", 3) not in (2, 3):
        raise ReadError("the header's space has a time axis", expected="a space of 2 or 3 dimensions", got=space)
    notes.append(f"The header's space ({space or 'not named'}) is not anatomical: its axes were taken as RAS.")
    return (1, 1, 1)


def _mm(units: Any, notes: list[str]) -> float:
    """Return the millimetres in the header's unit of length."""
    names = {str(unit).strip().strip('"').lower() for unit in units or () if str(unit).strip(' "') not in ("", "nan")}
    if not names:
        notes.append("The header names no unit of length; millimetres were taken.")
        return 1.0
    known = {MM_PER_UNIT.get(name) for name in names}
    mm = known.pop()
    if mm is None or known:
        raise ReadError(
            "the unit of length is not understood", expected="mm, um, cm or m", got=", ".join(sorted(names))
        )
    if mm != 1:
        notes.append(f"The header's unit is {names.pop()}; it was converted to millimetres.")
    return mm


def _from_spacings(header: Mapping[str, Any], shape: tuple[int, ...], axes: list[int]) -> tuple[Geometry, list[str]]:
    """Return the grid that ``spacings`` alone gives."""
    every = header.get("spacings")
    sizes = np.abs([float(every[axis]) for axis in axes[: len(shape)]]) if every is not None else np.zeros(0)
    if not len(sizes) or not np.isfinite(sizes).all() or not sizes.all():
        return geometry_without_spacing(shape), ["The header has no spacing."]
    notes = ["The header has spacings but no directions: orientation and position are unknown."]
    units = header.get("units")
    mm = _mm([units[axis] for axis in axes[: len(shape)]] if units is not None else None, notes)
    return Geometry(shape, np.diag([*(sizes * mm), *(1.0,) * (3 - len(shape)), 1.0])), notes
