"""Random changes to training images, so that few cases go a long way."""

import re
from typing import Any

from diascope.plan.rule import Context, Rule

SIDED = re.compile(r"left|right|side|lateral|(^|[\W_])[lr]([\W_]|$)", re.IGNORECASE)
"""Names that say which side something lies on: mirrored, they would be wrong."""


def _flip(context: Context) -> tuple[list[int], str]:
    fingerprint, target = context.fingerprint, context.target
    names = [context.target_name or "", *target.classes, *context.dataset.channels]
    if any(SIDED.search(name) for name in names):
        return [], "a name speaks of sides: mirroring would make it wrong"
    if fingerprint.has_spacing:
        return [], "the images have a known orientation, and bodies are not mirror images of themselves"
    if fingerprint.ndim == 3:
        return [], "the orientation of the volumes is unknown"
    return [1], "pictures without orientation: columns are mirrored (chosen here; off where a name speaks of sides)"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    ndim, dense = context.fingerprint.ndim, context.task.dense
    turn = ([15.0] * 3 if ndim == 3 else [15.0]) if dense else ([10.0] * 3 if ndim == 3 else [10.0])
    light = "as in nnU-Net, tuned for short runs" if dense else "light changes: a finding must stay visible"
    return {
        "augment.probability": (0.8 if dense else 0.7, "of each change and image"),
        "augment.rotate_deg": (turn, light),
        "augment.scale": (0.2 if dense else 0.1, light),
        "augment.translate": (0.1 if dense else 0.06, "share of the image's edge"),
        "augment.elastic": (0.2 if dense else 0.0, "smooth deformation in control spacings: organs differ in shape"),
        "augment.flip": _flip(context),
        "augment.gamma": (0.35, "contrast curves differ between scanners"),
        "augment.contrast": (0.2, light),
        "augment.brightness": (0.2, light),
        "augment.noise": (0.15 if dense else 0.1, "standard deviations of the normalised image"),
        "augment.blur": (0.0, "off: not tried yet"),
        "augment.mixup": (0.0, "off"),
    }


RULE = Rule(
    "augment",
    {
        "augment.probability": float,
        "augment.rotate_deg": list[float],
        "augment.scale": float,
        "augment.translate": float,
        "augment.elastic": float,
        "augment.flip": list[int],
        "augment.gamma": float,
        "augment.contrast": float,
        "augment.brightness": float,
        "augment.noise": float,
        "augment.blur": float,
        "augment.mixup": float,
    },
    _apply,
)
