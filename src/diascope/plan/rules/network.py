"""Which network, how wide and how deep: as wide as leaves enough steps in the time and fits the memory."""

from typing import Any, Literal

from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape
from diascope.plan import cost
from diascope.plan.rule import Context, Rule

WIDTHS_DENSE = (32, 24, 16, 12, 8)
WIDTHS_WHOLE = (64, 48, 32, 24, 16)
STEPS_WANTED = 1500
"""With fewer steps than this the network is made narrower (chosen here, not yet ablated)."""
PASSES_WANTED = 20000
WIDEST_WHOLE = ((5_000, 16), (50_000, 32))
"""Training cases up to which a network over whole images is no wider: wider ones learnt few cases by heart
(pneumoniamnist: width 32 AUC .962, width 16 .978 in fewer steps, docs/lab-log.md; the second step is chosen here)."""
PROBE_BATCH = 2


def _options(context: Context, base: int, *, dense: bool) -> dict[str, Any]:
    patch = context.values["patch.size"]
    return cost.unet_options(context, patch, base) if dense else cost.resnet_options(patch, base)


def _fits(context: Context, options: dict[str, Any], name: str, *, dense: bool) -> bool:
    """Answer whether memory and time are enough."""
    shape = cost.shape_of(context, context.values["patch.size"], options)
    return cost.fits(context, shape, name, PROBE_BATCH) and _enough(context, shape, name, dense=dense)


def _enough(context: Context, shape: Shape, name: str, *, dense: bool) -> bool:
    if dense:
        return cost.steps_possible(context, shape, name, PROBE_BATCH * 2) >= STEPS_WANTED
    wanted = min(PASSES_WANTED, 100 * context.training_cases)
    return cost.steps_possible(context, shape, name, 1) >= max(wanted, 40 * context.training_cases)


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    name = context.task.networks[0]
    dense = NETWORKS.load(name).dense
    widths = WIDTHS_DENSE if dense else _widths_whole(context.training_cases)
    every_width = {w: _options(context, w, dense=dense) for w in widths}
    base = next((w for w, options in every_width.items() if _fits(context, options, name, dense=dense)), widths[-1])
    options = every_width[base]
    because = f"width {base}: the widest of {list(widths)} that fits the memory and leaves enough steps in the time"
    reasons = {
        "features": because,
        "kernels": "1 across slices until their spacing comes within twice the finest, then 3 (nnU-Net's rule)",
        "strides": "each axis halved while it keeps 4 voxels and is not coarser than the others (nnU-Net's rule)",
        "residual": "plain blocks: a residual step takes as long (docs/lab-log.md)",
        "norm": "instance: batches are small",
        "deep_supervision": "two further resolutions, where there are so many",
        "blocks": "one block a level: more images in the same time",
        "first_stride": "2 for large images: half of the resolution is enough for the first level",
        "dropout": "before the last layer (Srivastava et al. 2014)",
    }
    every = {**_absent(), **options}
    decided = {
        f"network.{key}": (value, reasons[key] if key in options else "not used") for key, value in every.items()
    }
    return {"network.name": (name, f"the first that {context.task.name} names and that fits"), **decided}


def _widths_whole(cases: int) -> tuple[int, ...]:
    """Return the widths to choose from, so many as the training cases can teach."""
    widest = next((width for most, width in WIDEST_WHOLE if cases <= most), WIDTHS_WHOLE[0])
    return tuple(w for w in WIDTHS_WHOLE if w <= widest)


def _absent() -> dict[str, Any]:
    """Return the keys of both families, so that a plan always has the same keys."""
    return dict.fromkeys(
        ("features", "kernels", "strides", "residual", "norm", "deep_supervision", "blocks", "first_stride", "dropout")
    )


RULE = Rule(
    "network",
    {
        "network.name": str,
        "network.features": list[int],
        "network.kernels": list[list[int]] | None,
        "network.strides": list[list[int]] | None,
        "network.residual": bool | None,
        "network.norm": Literal["instance", "batch"] | None,
        "network.deep_supervision": int | None,
        "network.blocks": list[int] | None,
        "network.first_stride": int | None,
        "network.dropout": float | None,
    },
    _apply,
    after=("patch",),
)
