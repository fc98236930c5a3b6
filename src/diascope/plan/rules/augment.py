"""Random changes to training images, so that few cases go a long way."""

import re
from typing import Any

from diascope.plan import cost
from diascope.plan.rule import Context, Rule
from diascope.plan.rules.spacing import ANISOTROPY

SIDED = re.compile(r"left|right|side|lateral|(^|[\W_])[lr]([\W_]|$)", re.IGNORECASE)
"""Names that say which side something lies on: mirrored, they would be wrong."""

STRONG_FROM_PASSES = 30
"""Passes over the training cases from which whole images are changed strongly (chosen here; docs/lab-log.md)."""

ISOTROPIC = 1.05
"""Edges that differ by no more than this count as equal: 15 degrees are then within a degree of 15 (chosen here)."""


def _edges(context: Context) -> list[float]:
    """Return the edges of the voxels that the network sees, in mm or stored pixels."""
    steps, shape = cost.grid_steps(context), context.values.get("preprocess.shape")
    if not shape or context.values.get("preprocess.fit") != "resize":
        return [float(s) for s in steps]
    return [s * n / kept for s, n, kept in zip(steps, _whole_shape(context), shape, strict=True)]


def _whole_shape(context: Context) -> list[float]:
    """Return the median image's voxels on the network's grid, before it is brought to its fixed size."""
    found = context.fingerprint
    steps = zip(found.shape.median, found.spacing.median, cost.grid_steps(context), strict=True)
    return [n * old / new for n, old, new in steps]


def _spacing(context: Context) -> tuple[list[float] | None, str]:
    edges = _edges(context)
    if max(edges) <= ISOTROPIC * min(edges):
        return None, "the edges of a voxel are alike: rotations are true as they are"
    return [round(e, 5) for e in edges], "a voxel's edges differ: with them rotations and deformations are true in mm"


def _turned(context: Context, degrees: float, because: str) -> tuple[list[float], str]:
    """Return the largest rotation about each axis: only about one that is more than three times coarser."""
    if context.fingerprint.ndim == 2:
        return [degrees], because
    edges = context.values.get("augment.spacing") or _edges(context)
    worst = edges.index(max(edges))
    if edges[worst] <= ANISOTROPY * max(e for axis, e in enumerate(edges) if axis != worst):
        return [degrees] * 3, because
    in_plane = [degrees if axis == worst else 0.0 for axis in range(3)]
    return in_plane, f"{because}; only within slices, more than {ANISOTROPY:g} times as thick as a pixel (Isensee 2021)"


def _flip(context: Context) -> tuple[list[int], str]:
    fingerprint, target = context.fingerprint, context.target
    if context.values.get("preprocess.frames"):
        return [], "clips: mirrored, a motion would run the other way"
    names = [context.target_name or "", *target.classes, *context.dataset.channels]
    if any(SIDED.search(name) for name in names):
        return [], "a name speaks of sides: mirroring would make it wrong"
    if context.task.mirrors and fingerprint.ndim == 3:
        return [0, 1, 2], f"what {context.task.name} looks for may lie on either side"
    if fingerprint.has_spacing:
        return [], "the images have a known orientation, and bodies are not mirror images of themselves"
    if fingerprint.ndim == 3:
        return [], "the orientation of the volumes is unknown"
    return [1], "pictures without orientation: columns are mirrored (chosen here; off where a name speaks of sides)"


def _passes(context: Context) -> float:
    """Return how often each training case will be seen, by the cost model."""
    options = {k.removeprefix("network."): v for k, v in context.values.items() if k.startswith("network.")}
    shape = cost.shape_of(context, context.values["patch.size"], options)
    return cost.steps_possible(context, shape, context.values["network.name"], 1) / context.training_cases


def _dense(context: Context) -> dict[str, tuple[Any, str]]:
    because = "as in nnU-Net, tuned for short runs"
    return {
        "augment.probability": (0.8, "of each change and image"),
        "augment.rotate_deg": _turned(context, 15.0, because),
        "augment.scale": (0.2, because),
        "augment.translate": (0.1, "share of the image's edge"),
        "augment.elastic": (0.2, "smooth deformation in control spacings: organs differ in shape"),
        "augment.gamma": (0.35, "contrast curves differ between scanners"),
        "augment.contrast": (0.2, because),
        "augment.brightness": (0.2, because),
        "augment.noise": (0.15, "standard deviations of the normalised image"),
    }


def _whole(context: Context) -> dict[str, tuple[Any, str]]:
    """Return the changes of whole images: strong where the cases would be learnt by heart."""
    passes = _passes(context)
    strong = passes >= STRONG_FROM_PASSES
    because = (
        f"strong: each case is seen about {passes:.0f} times and would be learnt by heart (docs/lab-log.md)"
        if strong
        else f"light: each case is seen about {passes:.0f} times, and a finding must stay visible"
    )
    schemes = {n["scheme"] for n in context.values["preprocess.normalise"].values()}
    if "clip_zscore" in schemes:
        gamma, contrast, brightness, noise = 0.0, 0.05, 0.05, 0.1
        grey = "little: the values have an absolute scale, which the answer may depend on (docs/lab-log.md)"
    else:
        gamma, contrast, brightness, noise = (0.6, 0.5, 0.5, 0.3) if strong else (0.35, 0.2, 0.2, 0.1)
        grey = because
    return {
        "augment.probability": (0.7, "of each change and image"),
        "augment.rotate_deg": _turned(context, 20.0 if strong else 10.0, because),
        "augment.scale": (0.25 if strong else 0.1, because),
        "augment.translate": (0.12 if strong else 0.06, "share of the image's edge"),
        "augment.elastic": (0.3 if strong else 0.0, because),
        "augment.gamma": (gamma, grey),
        "augment.contrast": (contrast, grey),
        "augment.brightness": (brightness, grey),
        "augment.noise": (noise, "standard deviations of the normalised image"),
    }


def _per_channel(context: Context) -> tuple[bool, str]:
    """Return whether planes change their greys apart from each other."""
    if context.values.get("preprocess.frames") or context.values.get("preprocess.neighbours") is not None:
        return False, "all frames of a clip change alike: a film does not flicker"
    return True, "channels are different measurements"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    changes = _dense(context) if context.task.sees == "patches" else _whole(context)
    return {
        **changes,
        "augment.spacing": _spacing(context),
        "augment.flip": _flip(context),
        "augment.blur": (0.0, "off: not tried yet"),
        "augment.per_channel": _per_channel(context),
        "augment.mixup": (0.0, "off: no gain on pneumoniamnist (docs/lab-log.md)"),
        "augment.mosaic": (0.0, "off: for boxes only"),
    }


RULE = Rule(
    "augment",
    {
        "augment.probability": float,
        "augment.rotate_deg": list[float],
        "augment.spacing": list[float] | None,
        "augment.scale": float,
        "augment.translate": float,
        "augment.elastic": float,
        "augment.flip": list[int],
        "augment.gamma": float,
        "augment.contrast": float,
        "augment.brightness": float,
        "augment.noise": float,
        "augment.blur": float,
        "augment.per_channel": bool,
        "augment.mixup": float,
        "augment.mosaic": float,
    },
    _apply,
    after=("intensity", "patch", "network"),
)
