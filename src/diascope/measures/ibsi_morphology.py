"""Shape: volumes, areas, axes and how the values lie in it (IBSI HCUG)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.measures._ibsi_autocorrelation import spatial_autocorrelation
from diascope.measures._ibsi_levels import ARBITRARY, RANGE, UndefinedError, answer, intensities
from diascope.measures._ibsi_mesh import ellipsoid_area, hull_of, mesh_of, volume_and_area

FEATURES = {
    "volume_mesh": ("mm³", "RNU0"),
    "volume_voxels": ("mm³", "YEKZ"),
    "surface_area_mesh": ("mm²", "C0JK"),
    "surface_to_volume_ratio": ("1/mm", "2PR5"),
    "compactness_1": ("", "SKGS"),
    "compactness_2": ("", "BQWJ"),
    "spherical_disproportion": ("", "KRCK"),
    "sphericity": ("", "QCFX"),
    "asphericity": ("", "25C7"),
    "centre_of_mass_shift": ("mm", "KLMA"),
    "maximum_3d_diameter": ("mm", "L0JK"),
    "major_axis_length": ("mm", "TDIC"),
    "minor_axis_length": ("mm", "P9VJ"),
    "least_axis_length": ("mm", "7J51"),
    "elongation": ("", "Q3CK"),
    "flatness": ("", "N17B"),
    "volume_density_box": ("", "PBX1"),
    "area_density_box": ("", "R59B"),
    "volume_density_ellipsoid": ("", "6BDE"),
    "area_density_ellipsoid": ("", "RDD2"),
    "volume_density_hull": ("", "R3ER"),
    "area_density_hull": ("", "7T7F"),
    "integrated_intensity": (None, "99N0"),
    "moran_i": ("", "N365"),
    "geary_c": ("", "NPT7"),
}
NO_WEIGHTS = "the values add up to 0 or less, so they are no weights"
NO_AXES = "the region is a single voxel"
FLAT = "the voxels' centres lie in one plane"


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the features of the mask, and of the values within the range those that need them.

    Undefined: axes of a single voxel; densities by the ellipsoid where all voxels lie in one plane; the shift of a
    centre of mass whose weights add up to 0 or less; both autocorrelations of voxels of one value.
    """
    spacing = region.spacing_mm or ()

    def found() -> dict[str, float | str]:
        shape = _of_mesh(region.mask, spacing)
        axes = _of_axes(region.mask, spacing, shape["volume_mesh"], shape["surface_area_mesh"])
        return {f"morph_{n}": v for n, v in (shape | axes | _of_values(region, options, shape["volume_mesh"])).items()}

    return answer(_units(region.unit), found)


def _of_mesh(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> dict[str, float]:
    mesh = mesh_of(mask, spacing)
    volume, area = volume_and_area(mesh)
    hull_volume, hull_area, diameter = hull_of(mesh)
    a, b, c = (float(e) for e in np.ptp(mesh.corners, axis=0))
    disproportion = area / (36 * math.pi * volume**2) ** (1 / 3)
    return {
        "volume_mesh": volume,
        "volume_voxels": int(np.count_nonzero(mask)) * math.prod(spacing),
        "surface_area_mesh": area,
        "surface_to_volume_ratio": area / volume,
        "compactness_1": volume / (math.sqrt(math.pi) * area**1.5),
        "compactness_2": 36 * math.pi * volume**2 / area**3,
        "spherical_disproportion": disproportion,
        "sphericity": 1 / disproportion,
        "asphericity": disproportion - 1,
        "maximum_3d_diameter": diameter,
        "volume_density_box": volume / (a * b * c),
        "area_density_box": area / (2 * (a * b + b * c + a * c)),
        "volume_density_hull": volume / hull_volume,
        "area_density_hull": area / hull_area,
    }


def _of_axes(mask: NDArray[np.bool_], spacing: tuple[float, ...], volume: float, area: float) -> dict[str, float | str]:
    """Return what follows from the principal axes of the voxels' centres, with the covariance of a sample."""
    names = ("major_axis_length", "minor_axis_length", "least_axis_length", "elongation", "flatness")
    densities = ("volume_density_ellipsoid", "area_density_ellipsoid")
    points = np.argwhere(mask) * np.asarray(spacing)
    if len(points) < 2:
        return dict.fromkeys((*names, *densities), NO_AXES)
    spread = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    spread[spread < spread[0] * len(points) * np.finfo(np.float64).eps] = 0.0
    a, b, c = (2 * math.sqrt(s) for s in spread)
    values: dict[str, float | str] = dict(zip(names, (2 * a, 2 * b, 2 * c, b / a, c / a), strict=True))
    if c == 0:
        return values | dict.fromkeys(densities, FLAT)
    return values | dict(
        zip(densities, (volume / (4 * math.pi * a * b * c / 3), area / ellipsoid_area(a, b, c)), strict=True)
    )


def _of_values(region: Region, options: Mapping[str, Any], volume: float) -> dict[str, float | str]:
    names = ("centre_of_mass_shift", "integrated_intensity", "moran_i", "geary_c")
    try:
        values, kept = intensities(region, options)
    except UndefinedError as error:
        return dict.fromkeys(names, str(error))
    spacing = np.asarray(region.spacing_mm)
    total = float(values.sum())
    shift: float | str = NO_WEIGHTS
    if total > 0:
        centre = (np.argwhere(kept) * values[:, None]).sum(axis=0) / total
        shift = float(np.linalg.norm((centre - np.argwhere(region.mask).mean(axis=0)) * spacing))
    found = spatial_autocorrelation(np.asarray(region.image), kept, tuple(spacing))
    return {"centre_of_mass_shift": shift, "integrated_intensity": float(values.mean()) * volume} | found


def _units(unit: str | None) -> dict[str, str]:
    of_image = f"{unit or ARBITRARY}·mm³"
    return {f"morph_{name}": of_image if known is None else known for name, (known, _) in FEATURES.items()}


MEASURE = Measure(
    "ibsi_morphology",
    "Shape (IBSI)",
    ndims=(3,),
    needs_spacing=True,
    needs_image=True,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: _units(options.get("unit")),
    options=(RANGE,),
)
