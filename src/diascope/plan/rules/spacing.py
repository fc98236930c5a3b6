"""The network's grid (Isensee et al. 2021, Nature Methods 18:203, supplementary note 2).

Spacing is the median of each axis. If the worst axis is more than 3 times coarser than the next and the image has 3
times fewer voxels along it, that axis takes its 10th percentile instead, but not below the next axis's spacing.
"""

from typing import Any

import numpy as np

from diascope.plan.rule import Context, Rule

ANISOTROPY = 3.0
ALIKE = 1.01
"""Largest over smallest spacing up to which all cases count as having the median's (chosen here)."""


def _alike(spread: float) -> str:
    """Return what becomes of spacings that differ by less than ``ALIKE``, in words."""
    if spread == 1.0:
        return "all cases have it, so training resamples nothing; later images are brought to it"
    differ = f"all cases have it within {ALIKE - 1:.0%}"
    return f"{differ}: those whose grid differs by more than rounding are resampled to it, as later images are"


def _target_spacing(median: np.ndarray, p10: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the spacing and whether the worst axis counts as anisotropic."""
    target, worst = median.copy(), int(np.argmax(median))
    others = [axis for axis in range(len(median)) if axis != worst]
    coarse = median[worst] > ANISOTROPY * median[others].max()
    few = shape[worst] * ANISOTROPY < shape[others].min()
    if coarse and few:
        target[worst] = max(p10[worst], median[others].max() + 1e-5)
    return target, bool(coarse)


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    fingerprint = context.fingerprint
    orientation = (
        ("RAS", "axes are flipped and exchanged, never resampled, so that left is left in every case")
        if fingerprint.ndim == 3 and fingerprint.has_spacing
        else (None, "2-D images or unknown direction: axes stay as they are stored")
    )
    median, p10 = np.array(fingerprint.spacing.median), np.array(fingerprint.spacing.p10)
    spread = np.array(fingerprint.spacing.maximum) / np.array(fingerprint.spacing.minimum)
    target, anisotropic = _target_spacing(median, p10, np.array(fingerprint.shape.median))
    if not fingerprint.has_spacing:
        spacing = (None, "spacing unknown in at least one case: voxels stay as they are")
    elif spread.max() < ALIKE:
        kept = [float(s) for s in median.round(5)]
        spacing = (kept, _alike(spread.max()))
    else:
        spacing = ([float(s) for s in target.round(5)], "median of each axis, 10th percentile if coarse")
    separate = int(np.argmax(median)) if anisotropic else None
    return {
        "preprocess.orientation": orientation,
        "preprocess.spacing_mm": spacing,
        "preprocess.resample_order": (3, "cubic spline for images; label maps linear by class (nnU-Net's rule)"),
        "preprocess.separate_axis": (separate, f"order 0 along an axis more than {ANISOTROPY:g} times coarser"),
    }


RULE = Rule(
    "spacing",
    {
        "preprocess.orientation": str | None,
        "preprocess.spacing_mm": list[float] | None,
        "preprocess.resample_order": int,
        "preprocess.separate_axis": int | None,
    },
    _apply,
)
