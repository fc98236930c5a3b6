"""Which network, how wide and how deep: as wide as leaves enough steps in the time and fits the memory."""

from typing import Any

from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape
from diascope.plan import cost
from diascope.plan.rule import Context, Rule, read_value

STEPS_WANTED = 1500
"""With fewer steps than this the network is made narrower (chosen here, not yet ablated)."""
PASSES_WANTED = 20000
PROBE_BATCH = 2


def _fits(context: Context, options: dict[str, Any], name: str) -> bool:
    """Answer whether memory and time are enough."""
    shape = cost.shape_of(context, context.values["patch.size"], options)
    return cost.fits(context, shape, name, PROBE_BATCH) and _enough(context, shape, name)


def _enough(context: Context, shape: Shape, name: str) -> bool:
    """Answer whether enough steps fit, of the batch that is already decided where task or user did so."""
    if context.task.sees == "patches":
        batch = int(context.values.get("batch.size", PROBE_BATCH * 2))
        return cost.steps_possible(context, shape, name, batch) >= STEPS_WANTED
    wanted = min(PASSES_WANTED, 100 * context.training_cases)
    return cost.steps_possible(context, shape, name, 1) >= max(wanted, 40 * context.training_cases)


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    name = cost.network_of(context)
    family = NETWORKS.load(name)
    _check(context, name)
    choices = [dict(options) for options in family.choices(cost.sizing_of(context, context.values["patch.size"]))]
    options = next((o for o in choices if _fits(context, o, name)), choices[-1])
    widths = [o["features"][0] for o in choices]
    because = f"width {options['features'][0]}: the widest of {widths} that fits the memory and leaves enough steps"
    reasons = {key: option.because for key, option in family.options.items()} | {"features": because}
    decided = {
        f"network.{key}": (options[key], reasons[key]) if key in options else (None, "not used") for key in _options()
    }
    first, why = cost.first_network(context), f"the first that {context.task.name} names"
    if context.values.get("preprocess.frames") is not None:
        still = NETWORKS.load(first).over_time_for
        why = f"the images are clips: it stands in the place of {still}, looking at frames in their order"
    return {"network.name": (first, why), **decided}


def _check(context: Context, name: str) -> None:
    """Refuse a value that another network takes and this one does not.

    Raises:
        OptionError: a value under ``network.`` is none of those that the network's own option takes.
    """
    for option, declared in NETWORKS.load(name).options.items():
        key = f"network.{option}"
        if key in context.values:
            read_value(key, declared.type, context.values[key])


def _options() -> dict[str, Any]:
    """Return the options of all families with their types, so that a plan always has the same keys."""
    found: dict[str, Any] = {}
    for _, family in sorted(NETWORKS.all().items()):
        for key, option in family.options.items():
            found[key] = found[key] | option.type if key in found else option.type
    return found


def _keys() -> dict[str, Any]:
    return {"network.name": str, **{f"network.{key}": kind for key, kind in _options().items()}}


RULE = Rule("network", _keys, _apply, after=("patch",))
