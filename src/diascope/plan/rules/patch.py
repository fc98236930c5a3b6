"""What the network sees at once: a patch of the grid (dense tasks) or the whole image at a fixed size (all others).

Patch: as many millimetres along each axis as fit, not beyond the median image; the axis with the largest share of
the median shrinks until memory and time fit (Isensee et al. 2021). A short budget shrinks it further, so that there
are enough steps.
"""

from dataclasses import replace
from math import prod
from typing import Any

from diascope.core.errors import BudgetError
from diascope.plan import cost
from diascope.plan.rule import Context, Rule

START_VOXELS = {2: 2048**2, 3: 256**3}
SMALLEST_EDGE = 16
STEPS_WANTED = 1000
"""With fewer steps than this the patch is made smaller (chosen here, not yet ablated)."""
PROBE = {"base": 16, "batch": 2}
"""Width and batch for which the patch must fit; the network and batch rules then use what is left."""
FIXED_EDGES = {2: (512, 384, 320, 256, 192, 160, 128, 96, 64, 48, 32), 3: (128, 96, 80, 64, 48, 32)}
PASSES_WANTED = 6000
"""Images that a whole-image network must see within the budget (chosen here)."""


def _options(context: Context, patch: list[int], base: int) -> dict[str, Any]:
    kernels, strides = cost.unet_levels(patch, cost.grid_steps(context))
    features = cost.unet_features(base, len(strides), len(patch))
    return {
        "features": features, "kernels": kernels, "strides": strides,
        "residual": False, "norm": "instance", "deep_supervision": 0,
    }  # fmt: skip


def _rounded(context: Context, patch: list[float]) -> list[int]:
    """Round each edge up to what the network's strides divide."""
    whole = [max(1, round(n)) for n in patch]
    _, strides = cost.unet_levels(whole, cost.grid_steps(context))
    return [-(-n // m) * m for n, m in zip(whole, cost.multiples(strides), strict=True)]


def _fits(context: Context, patch: list[int]) -> tuple[bool, bool]:
    """Answer whether memory and time fit."""
    shape = cost.shape_of(context, patch, _options(context, patch, PROBE["base"]))
    network = context.task.networks[0]
    memory = cost.memory_bytes(context, shape, network, PROBE["batch"]) <= context.budget.memory_bytes
    return memory, cost.steps_possible(context, shape, network, PROBE["batch"]) >= STEPS_WANTED


def _patch(context: Context) -> tuple[list[int], str]:
    median, steps = cost.median_shape(context), cost.grid_steps(context)
    edge = (START_VOXELS[len(median)] * prod(steps)) ** (1 / len(median))
    patch = [min(edge / s, n) for s, n in zip(steps, median, strict=True)]
    shrunk = "the median image"
    while True:
        whole = _rounded(context, patch)
        memory, time = _fits(context, whole)
        if memory and time:
            return whole, f"{shrunk} {[round(n) for n in median]}, rounded up to what the strides divide"
        ratios = [n / m if n > SMALLEST_EDGE else 0 for n, m in zip(patch, median, strict=True)]
        if max(ratios) == 0:
            if memory:
                return whole, "the smallest patch: even so the budget has few steps"
            raise _too_small(context)
        axis = ratios.index(max(ratios))
        patch[axis] = max(SMALLEST_EDGE, patch[axis] * 0.9)
        shrunk = "shrunk until " + ("the memory" if not memory else f"{STEPS_WANTED} steps in the time") + " fit, from"


def _fixed(context: Context) -> tuple[list[int], str]:
    median = context.fingerprint.shape.median
    shape, fits = [max(8, round(n)) for n in median], False
    for edge in (max(median), *FIXED_EDGES[len(median)]):
        scale = min(1.0, edge / max(median))
        shape = [max(8, round(n * scale)) for n in median]
        options = {"features": [32, 64, 128, 128], "blocks": [1, 1, 1, 1], "first_stride": 1, "dropout": 0.1}
        built = cost.shape_of(context, shape, options)
        network = context.task.networks[0]
        passes = cost.steps_possible(context, built, network, 1)
        sized = replace(context, values={**context.values, "preprocess.shape": shape})
        fits = cost.memory_bytes(sized, built, network, 8) <= context.budget.memory_bytes
        if fits and passes >= min(PASSES_WANTED, 60 * context.training_cases):
            return shape, f"the largest size at which {passes:.0f} images pass in the time; median {list(median)}"
    if not fits:
        raise _too_small(context)
    return shape, "the smallest size: even so the budget has few passes"


def _too_small(context: Context) -> BudgetError:
    return BudgetError(
        "the memory is too small for any network",
        expected=f"about {cost.BASE_BYTES / 2**30 + 0.5:.1f} GiB or more",
        got=f"{context.budget.memory_bytes / 2**30:.2f} GiB",
        fix="give more with --memory, or close other programs",
    )


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    if context.task.dense:
        patch, because = _patch(context)
        return {
            "preprocess.shape": (None, "images keep their size; the network goes over them in windows"),
            "preprocess.fit": ("resize", "not used without a fixed size"),
            "patch.size": (patch, because),
        }
    shape, because = _fixed(context)
    shape = context.values.get("preprocess.shape") or shape
    return {
        "preprocess.shape": (shape, because),
        "preprocess.fit": ("resize", "the whole image is kept: a finding may lie at the border"),
        "patch.size": (shape, "the whole image"),
    }


RULE = Rule(
    "patch",
    {"preprocess.shape": list[int] | None, "preprocess.fit": str, "patch.size": list[int]},
    _apply,
    after=("budget", "channels", "spacing", "intensity"),
)
