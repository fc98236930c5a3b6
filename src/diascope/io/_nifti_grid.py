"""Which of the affines in a NIfTI header is taken."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.io._axes import with_normal

DISAGREE_VOXELS = 0.1
"""qform and sform disagree where a corner lies further apart than this. Chosen here: the qform's quaternion is float32,
and near a half turn its first part keeps only about 3e-4, which is .08 voxels at a distance of 256."""

UNITS = {1: ("metres", 1e3), 2: ("millimetres", 1.0), 3: ("micrometres", 1e-3)}
"""Codes of the spatial part of xyzt_units (nifti1.h) and the millimetres in each."""

Affine = NDArray[np.float64]


def read_grid(header: Any, shape: tuple[int, ...]) -> tuple[Geometry, list[str]]:
    """Return the grid of a NIfTI header in RAS+ mm, and what had to be decided for it.

    The sform is taken where its code is set, else the qform, as nibabel does (nifti1.h, methods 3 and 2); one that has
    no volume is passed over. Without either the voxel sizes of pixdim are taken, with axes along x, y and z (method 1).

    Raises:
        ReadError: neither affine nor voxel sizes can be used.
    """
    code = int(header["xyzt_units"]) & 7
    unit, mm = UNITS.get(code, ("unknown", 1.0))
    found = {
        name: with_normal(affine, float(header["pixdim"][3])) if len(shape) == 2 else affine
        for name, affine in (("sform", _sform(header)), ("qform", _qform(header)))
        if affine is not None
    }
    usable = {name: affine for name, affine in found.items() if _has_volume(affine)}
    notes = [f"The {name} has no volume and was not taken." for name in found if name not in usable]
    if not usable:
        geometry, note = _from_pixdim(header, shape, mm, has_code=bool(found), has_unit=code in UNITS)
        notes.append(note)
    else:
        geometry = Geometry(shape, _in_mm(next(iter(usable.values())), mm))
        notes += _compare(header, shape, usable, mm)
    if geometry.has_spacing and mm != 1:
        notes.append(f"The header's unit is {unit}; it was converted to millimetres.")
    if geometry.has_spacing and code not in UNITS:
        notes.append("The header names no unit of length; millimetres were taken.")
    return geometry, notes


def _sform(header: Any) -> Affine | None:
    """Return the sform, or None where its code says that it is not set."""
    return np.asarray(header.get_sform(), np.float64) if header["sform_code"] > 0 else None


def _qform(header: Any) -> Affine | None:
    """Return the qform (zeros where its numbers make no rotation), or None where its code says that it is not set."""
    from nibabel.spatialimages import HeaderDataError

    if header["qform_code"] <= 0:
        return None
    try:
        return np.asarray(header.get_qform(), np.float64)
    except (HeaderDataError, ValueError):
        return np.zeros((4, 4))


def _has_volume(affine: Affine) -> bool:
    """Answer whether a grid can lie on this affine."""
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.isfinite(affine).all() and edges.all() and abs(np.linalg.det(affine[:3, :3] / edges)) >= 1e-6)


def _in_mm(affine: Affine, mm: float) -> Affine:
    """Return an affine whose world unit is ``mm`` millimetres in mm."""
    return affine if mm == 1 else np.diag([mm, mm, mm, 1.0]) @ affine


def _compare(header: Any, shape: tuple[int, ...], usable: dict[str, Affine], mm: float) -> list[str]:
    """Return a note where sform and qform are both set and disagree."""
    if len(usable) < 2:
        return []
    taken, other = (Geometry(shape, _in_mm(usable[name], mm)) for name in ("sform", "qform"))
    distance = float(np.linalg.norm(taken.corners() - other.corners(), axis=1).max())
    if distance <= DISAGREE_VOXELS * min(taken.steps):
        return []
    codes = int(header["sform_code"]), int(header["qform_code"])
    return [
        f"qform and sform disagree: the corners lie up to {distance:.4g} mm apart. "
        f"The sform (code {codes[0]}) was taken, not the qform (code {codes[1]})."
    ]


def _from_pixdim(
    header: Any, shape: tuple[int, ...], mm: float, *, has_code: bool, has_unit: bool
) -> tuple[Geometry, str]:
    """Return the grid that the voxel sizes alone give, and a note about it."""
    pixdim = np.abs(np.asarray(header["pixdim"][1:4], np.float64))
    sizes = np.where(np.arange(3) < len(shape), pixdim, 1.0)
    usable = bool(np.isfinite(sizes).all() and sizes.all())
    if has_code and not usable:
        raise ReadError(
            "the affine has no volume, and the header has no voxel sizes either",
            expected="an sform or qform with a determinant that is not 0, or pixdim above 0",
            got=f"pixdim {pixdim.tolist()}",
            fix="write the image again with its true spacing and direction",
        )
    if not usable or (not has_code and not has_unit and bool((sizes == 1).all())):
        return geometry_without_spacing(shape), "The header has no affine, unit or voxel sizes: the spacing is unknown."
    why = "its affines have no volume" if has_code else "neither qform nor sform is set"
    note = f"The grid comes from the voxel sizes (pixdim) alone, as {why}: orientation and position are unknown."
    return Geometry(shape, _in_mm(np.diag([*sizes, 1.0]), mm)), note
