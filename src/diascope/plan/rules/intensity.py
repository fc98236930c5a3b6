"""Normalisation of each channel: CT by the foreground's percentiles, all else by itself (Isensee et al. 2021)."""

from typing import Any

from diascope.core.documents.fingerprint import Fingerprint, Intensity
from diascope.plan.rule import Context, Rule

ABSOLUTE_UNITS = {"HU", "SUV", "Bq/ml"}
"""Units in which a number means the same in every image, so that all images share one scale."""


def _unit(numbers: Intensity, modality: str | None) -> tuple[str | None, str]:
    """Return a channel's unit, and how it is known where the images do not say it."""
    if numbers.unit is not None:
        return numbers.unit, " (by its values: air lies near -1000)" if numbers.unit_by_values else ""
    if modality == "CT" and numbers.minimum < 0:  # a picture of a window has no negative values
        return "HU", " (the data set says CT)"
    return None, ""


def _normalise(numbers: Intensity, fingerprint: Fingerprint) -> tuple[dict[str, Any], str]:
    unit, source = _unit(numbers, fingerprint.modality)
    nonzero_share = fingerprint.nonzero_share
    if unit in ABSOLUTE_UNITS:
        scheme = {
            "scheme": "clip_zscore",
            "lower": numbers.foreground_p005,
            "upper": numbers.foreground_p995,
            "mean": numbers.foreground_mean,
            "std": max(numbers.foreground_std, 1e-8),
        }
        return scheme, f"{unit}{source} has one scale: clip to the foreground's 0.5-99.5 %, its mean and std"
    if nonzero_share < 0.75:
        return {"scheme": "zscore_nonzero"}, f"crop keeps {nonzero_share:.0%} (< 75 %): by the non-zero voxels"
    return {"scheme": "zscore"}, "no absolute unit: each image by its own mean and standard deviation"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    fingerprint = context.fingerprint
    made = {name: _normalise(n, fingerprint) for name, n in fingerprint.channels.items()}
    crop = fingerprint.ndim == 3 and fingerprint.nonzero_share < 0.9
    return {
        "preprocess.normalise": (
            {name: scheme for name, (scheme, _) in made.items()},
            "; ".join(f"{name}: {because}" for name, (_, because) in made.items()),
        ),
        "preprocess.crop_nonzero": (crop, f"cropping to the non-zero region keeps {fingerprint.nonzero_share:.0%}"),
    }


RULE = Rule(
    "intensity",
    {"preprocess.normalise": dict[str, dict[str, Any]], "preprocess.crop_nonzero": bool},
    _apply,
)
