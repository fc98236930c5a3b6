"""What the network sees at once: a patch of the grid (dense tasks) or the whole image at a fixed size (all others).

Patch: as many millimetres along each axis as fit, not beyond the median image; the axis with the largest share of
the median shrinks until memory and time fit (Isensee et al. 2021). A short budget shrinks it further, so that there
are enough steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from diascope.core.errors import BudgetError, OptionError
from diascope.core.families import NETWORKS
from diascope.plan import cost
from diascope.plan.rule import Context, Rule

SAME = ("preprocess.shape", "patch.size")
"""Keys that say the same for a task that sees the whole image."""

START_VOXELS = {2: 2048**2, 3: 256**3}
SMALLEST_EDGE = 16
BOX_ROOM = 1.5
"""For the sake of more steps the patch is not made smaller than so many large boxes (90th percentile): most of them are
then seen whole (chosen here; docs/lab-log.md)."""
STEPS_WANTED = 1000
"""With fewer steps than this the patch is made smaller (chosen here, not yet ablated)."""
PROBE = {"width": 16, "batch": 2}
"""Width and batch for which the patch must fit; the network and batch rules then use what is left."""
WIDTH_WHOLE = 32
"""Width for which a whole image's size must fit, without a first stride: the dearest that is likely (chosen here)."""
FIXED_EDGES = {2: (512, 384, 320, 256, 192, 160, 128, 96, 64, 48, 32), 3: (128, 96, 80, 64, 48, 32)}
PASSES_WANTED = 6000
"""Images that a whole-image network must see within the budget (chosen here)."""


def _rounded(context: Context, patch: list[float]) -> list[int]:
    """Round each edge up to what the network's strides divide."""
    whole = [max(1, round(n)) for n in patch]
    family = NETWORKS.load(cost.network_of(context))
    multiples = family.multiples(_probe(context, whole), len(whole))
    return [-(-n // m) * m for n, m in zip(whole, multiples, strict=True)]


def _probe(context: Context, patch: Sequence[int], width: int = PROBE["width"]) -> Mapping[str, Any]:
    """Return the options of the network for which a patch must fit: no wider than ``width``, where there is one."""
    choices = NETWORKS.load(cost.network_of(context)).choices(cost.sizing_of(context, patch))
    return next((options for options in choices if options["features"][0] <= width), choices[-1])


def _fits(context: Context, patch: list[int]) -> tuple[bool, bool]:
    """Answer whether memory and time fit."""
    shape = cost.shape_of(context, patch, _probe(context, patch))
    network = cost.network_of(context)
    return cost.fits(context, shape, network, PROBE["batch"]), cost.steps_possible(
        context, shape, network, PROBE["batch"]
    ) >= STEPS_WANTED


def _patch(context: Context) -> tuple[list[int], str]:
    median, steps = cost.median_shape(context), cost.grid_steps(context)
    edge = (START_VOXELS[len(median)] * prod(steps)) ** (1 / len(median))
    patch = [min(edge / s, n) for s, n in zip(steps, median, strict=True)]
    shrunk, room = "the median image", _room(context)
    while True:
        whole = _rounded(context, patch)
        memory, time = _fits(context, whole)
        if memory and time:
            return whole, f"{shrunk} {[round(n) for n in median]}, rounded up to what the strides divide"
        least = [SMALLEST_EDGE] * len(patch) if not memory else room
        ratios = [n / m if n > few else 0 for n, m, few in zip(patch, median, least, strict=True)]
        if max(ratios) == 0:
            if memory:
                smallest = "the smallest patch" + (" for the large boxes" if max(room) > SMALLEST_EDGE else "")
                return whole, f"{smallest}: even so the budget has few steps"
            raise _too_small(context, _memory(context, whole))
        axis = ratios.index(max(ratios))
        patch[axis] = max(least[axis], patch[axis] * 0.9)
        shrunk = "shrunk until " + ("the memory" if not memory else f"{STEPS_WANTED} steps in the time") + " fit, from"


def _room(context: Context) -> list[float]:
    """Return the voxels along each axis below which the patch does not shrink for the sake of time."""
    steps = cost.grid_steps(context)
    numbers = context.fingerprint.targets.get(context.target_name or "")
    if numbers is None or numbers.box_edges is None:
        return [float(SMALLEST_EDGE)] * len(steps)
    large = zip(numbers.box_edges.p90, steps, strict=True)
    return [max(float(SMALLEST_EDGE), BOX_ROOM * edge / step) for edge, step in large]


def _fixed(context: Context) -> tuple[list[int], str]:
    median = context.fingerprint.shape.median
    shape, fits, least = [max(8, round(n)) for n in median], False, 0.0
    for edge in (max(median), *FIXED_EDGES[len(median)]):
        scale = min(1.0, edge / max(median))
        shape = [max(8, round(n * scale)) for n in median]
        options = {**_probe(context, shape, WIDTH_WHOLE), "first_stride": 1}
        built = cost.shape_of(context, shape, options)
        network = cost.network_of(context)
        passes = cost.steps_possible(context, built, network, 1)
        sized = replace(context, values={**context.values, "preprocess.shape": shape})
        fits, least = cost.fits(sized, built, network, 8), cost.memory_bytes(sized, built, network, 8)
        if fits and passes >= min(PASSES_WANTED, 60 * context.training_cases):
            return shape, f"the largest size at which {passes:.0f} images pass in the time; median {list(median)}"
    if not fits:
        raise _too_small(context, least)
    return shape, "the smallest size: even so the budget has few passes"


def _memory(context: Context, patch: list[int]) -> float:
    """Return the bytes that the narrowest probe of a patch takes."""
    shape = cost.shape_of(context, patch, _probe(context, patch))
    return cost.memory_bytes(context, shape, cost.network_of(context), PROBE["batch"])


def _too_small(context: Context, least: float) -> BudgetError:
    budget = context.budget
    known = budget.device_memory_bytes
    on_device = "" if known is None else ", and as much on the GPU"
    has_device = "" if known is None else f", GPU {known / 2**30:.2f} GiB"
    return BudgetError(
        "the memory is too small for any network",
        expected=f"{least / 2**30:.2f} GiB or more{on_device}",
        got=f"{budget.memory_bytes / 2**30:.2f} GiB{has_device}",
        fix="give more with --memory, or close other programs",
    )


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    if context.task.sees == "patches":
        patch, because = _patch(context)
        return {
            "preprocess.shape": (None, "images keep their size; the network goes over them in windows"),
            "preprocess.fit": ("resize", "not used without a fixed size"),
            "patch.size": (patch, because),
        }
    shape, because = _fixed(context)
    given = _given(context)
    follows = {key: f"follows {other}, which the user set" for key, other in zip(SAME, SAME[::-1], strict=True)}
    return {
        "preprocess.shape": (given, follows["preprocess.shape"])
        if "patch.size" in context.values
        else (shape, because),
        "preprocess.fit": ("resize", "the whole image is kept: a finding may lie at the border"),
        "patch.size": (given or shape, follows["patch.size"] if given else "the whole image"),
    }


def _given(context: Context) -> list[int] | None:
    """Return the size that the user set for whole images, under either key.

    Raises:
        OptionError: both keys are set, and differ.
    """
    shape, patch = (context.values.get(key) for key in SAME)
    check_whole(shape or patch, patch or shape)
    return shape or patch


def check_whole(shape: list[int] | None, patch: list[int] | None) -> None:
    """Refuse another patch than the fixed size of the image, which the network sees whole.

    Raises:
        OptionError: they differ.
    """
    if shape is not None and list(shape) != list(patch or ()):
        raise OptionError(
            "the network sees the whole image, and patch.size is not its size",
            expected=f"preprocess.shape = {list(shape)}",
            got=f"patch.size = {patch}",
            fix="set preprocess.shape alone: patch.size follows it",
        )


RULE = Rule(
    "patch",
    {"preprocess.shape": list[int] | None, "preprocess.fit": str, "patch.size": list[int]},
    _apply,
    after=("budget", "channels", "frames", "spacing", "intensity"),
)
