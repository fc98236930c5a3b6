"""How whole images are predicted."""

import math
from typing import Any

from diascope.core.families import NETWORKS
from diascope.plan import cost
from diascope.plan.rule import Context, Rule

LARGER = 2.0
"""A window may have so many times the patch's voxels, if it then holds whole images: one pass instead of several."""


def _window(context: Context) -> tuple[list[int], str]:
    patch = context.values["patch.size"]
    if context.task.sees == "whole":
        return list(patch), "the whole image"
    options = {k.removeprefix("network."): v for k, v in context.values.items() if k.startswith("network.")}
    median = cost.median_shape(context)
    multiples = NETWORKS.load(context.values["network.name"]).multiples(options, len(patch))
    largest = [
        n * high / max(middle, 1)
        for n, high, middle in zip(
            median, context.fingerprint.shape_cropped.p90, context.fingerprint.shape_cropped.median, strict=True
        )
    ]
    whole = [max(p, math.ceil(n / m) * m) for n, m, p in zip(largest, multiples, patch, strict=True)]
    if math.prod(whole) <= LARGER * math.prod(patch):
        return whole, "holds nine images of ten whole, so that one pass does for each"
    return list(patch), "the size it was trained on"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    return {
        "predict.engine": ("torch", "runs the network as it was trained"),
        "predict.window": _window(context),
        "predict.overlap": (0.5, "share of a window; blended by a Gaussian of sigma 1/8 (Isensee et al. 2021)"),
        "predict.mirror": _mirror(context),
    }


def _mirror(context: Context) -> tuple[list[int], str]:
    if not NETWORKS.load(context.values["network.name"]).learns:
        return [], "the network keeps the training images as they are stored; a mirrored one would be unlike them all"
    return list(context.values["augment.flip"]), "the axes mirrored in training, where the time for it is there"


RULE = Rule(
    "predict",
    {
        "predict.engine": str,
        "predict.window": list[int],
        "predict.overlap": float,
        "predict.mirror": list[int],
    },
    _apply,
    after=("network", "augment"),
)
