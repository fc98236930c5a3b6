"""Uptake of a lesion in a PET image: SUV, metabolic tumour volume and total lesion glycolysis."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region

PEAK_ML = 1.0
"""Volume of the sphere of SUVpeak (Boellaard et al. 2015, Eur J Nucl Med Mol Imaging 42:328-354; Wahl et al. 2009,
PERCIST, J Nucl Med 50:122S-150S)."""

SUBSAMPLES = 8
"""Points along each edge of a voxel by which its part inside the sphere is counted. Chosen here: on voxels of 2 to
5 mm the sphere's volume is then right to 0.3 %."""

UNITS = {
    "suv_max": "SUV",
    "suv_mean": "SUV",
    "suv_peak": "SUV",
    "metabolic_volume": "ml",
    "total_lesion_glycolysis": "SUV·ml",
}


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return SUVmax and SUVpeak of the mask, and mean, volume and their product (glycolysis) above the threshold.

    The threshold is ``threshold_suv``, or ``threshold_percent`` of SUVmax (41 is usual for FDG); without either the
    whole mask counts, as it was drawn. SUVpeak is the largest mean of a 1 ml sphere whose centre is a voxel of the
    mask; the sphere may reach beyond the mask, and voxels that it cuts count by their part inside. Volumes are
    undefined (nan) without a spacing, everything where a voxel holds no number, the mean where nothing reaches the
    threshold.
    """
    image = np.asarray(region.image)
    values = image[region.mask].astype(np.float64)
    if not np.isfinite(values).all():
        why = "voxels of the region hold no number"
        return {name: Quantity(math.nan, unit, why=why) for name, unit in UNITS.items()}
    above = values[values >= _threshold(float(values.max()), options)]
    mean = Quantity(math.nan, "SUV", why="no voxel of the region reaches the threshold")
    if above.size:
        mean = Quantity(float(above.mean()), "SUV")
    return {"suv_max": Quantity(float(values.max()), "SUV"), "suv_mean": mean} | _in_millimetres(region, image, above)


def _threshold(highest: float, options: Mapping[str, Any]) -> float:
    if options.get("threshold_suv") is not None:
        return float(options["threshold_suv"])
    if options.get("threshold_percent") is not None:
        return highest * float(options["threshold_percent"]) / 100
    return -math.inf


def _in_millimetres(region: Region, image: NDArray, above: NDArray[np.float64]) -> dict[str, Quantity]:
    names = [n for n in UNITS if n not in {"suv_max", "suv_mean"}]
    if region.spacing_mm is None:
        return {n: Quantity(math.nan, UNITS[n], why="the voxels' size is not known") for n in names}
    voxel_ml = math.prod(region.spacing_mm) / 1000
    values = (peak(image, region.mask, region.spacing_mm), len(above) * voxel_ml, float(above.sum()) * voxel_ml)
    return {n: Quantity(value, UNITS[n]) for n, value in zip(names, values, strict=True)}


def peak(image: NDArray, mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> float:
    """Return the largest mean over a 1 ml sphere centred on a voxel of the mask; beyond the image nothing counts."""
    from scipy.ndimage import correlate

    ball = _ball(spacing_mm)
    reach = [n // 2 for n in ball.shape]
    filled = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    box = tuple(slice(max(0, f[0] - r), f[-1] + r + 1) for f, r in zip(filled, reach, strict=True))
    values = np.nan_to_num(image[box].astype(np.float64))
    inside = np.isfinite(image[box]).astype(np.float64)
    total, weight = (correlate(a, ball, mode="constant") for a in (values, inside))
    return float((total / np.maximum(weight, np.finfo(float).tiny))[mask[box]].max())


def _ball(spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the part of each voxel that lies inside a 1 ml sphere around the middle one."""
    radius = (3 * PEAK_ML * 1000 / (4 * math.pi)) ** (1 / 3)
    offsets = (np.arange(SUBSAMPLES) + 0.5) / SUBSAMPLES - 0.5
    axes = []
    for step in spacing_mm:
        reach = math.ceil(radius / step + 0.5)
        axes.append(((np.arange(-reach, reach + 1)[:, None] + offsets) * step).ravel())
    squares = [a**2 for a in np.ix_(*axes)]
    inside = (squares[0] + squares[1] + squares[2]) <= radius**2
    split = [n for length in inside.shape for n in (length // SUBSAMPLES, SUBSAMPLES)]
    return inside.reshape(split).mean(axis=(1, 3, 5))


MEASURE = Measure(
    "pet",
    "SUVmax, SUVmean, SUVpeak, metabolic tumour volume and total lesion glycolysis",
    ndims=(3,),
    needs_spacing=False,
    needs_image=True,
    units=("SUV",),
    is_standard=True,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
    options=("threshold_suv", "threshold_percent"),
)
