"""Cases a step, and the memory that follows."""

from typing import Any

from diascope.core.errors import BudgetError
from diascope.core.ports.network import Shape
from diascope.plan import cost
from diascope.plan.rule import Context, Rule

STEPS_WANTED = 1500
DENSE = {"cpu": (4, 2), "cuda": (16, 12, 8, 4, 2)}
WHOLE = (64, 32, 16, 8, 4)


def _candidates(context: Context, *, dense: bool) -> list[int]:
    if dense:
        return list(DENSE[context.budget.device])
    few = max(4, context.training_cases // 10)
    return [b for b in WHOLE if b <= few] or [WHOLE[-1]]


def _too_small(context: Context, shape: Shape, batch: int, *, dense: bool) -> BudgetError:
    name, budget = context.values["network.name"], context.budget
    need, known = cost.memory_bytes(context, shape, name, batch), budget.device_memory_bytes
    on_device = "" if known is None else f", GPU {cost.network_bytes(context, shape, name, batch) / 2**30:.1f} GiB"
    smaller = "a smaller batch.size, " if "batch.size" in context.values else ""
    size = "patch.size" if dense else "preprocess.shape"
    return BudgetError(
        f"the memory is too small for the network with batch.size {batch}",
        expected=f"{need / 2**30:.1f} GiB{on_device}",
        got=f"{budget.memory_bytes / 2**30:.2f} GiB{'' if known is None else f', GPU {known / 2**30:.2f} GiB'}",
        fix=f"give more with --memory, {smaller}or a smaller --set {size}",
    )


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    values, name = context.values, context.values["network.name"]
    dense = context.task.sees == "patches"
    options = {k.removeprefix("network."): v for k, v in values.items() if k.startswith("network.")}
    shape = cost.shape_of(context, values["patch.size"], options)
    candidates = _candidates(context, dense=dense)
    wanted = STEPS_WANTED if dense else 400
    fitting = [b for b in candidates if cost.fits(context, shape, name, b)] or [candidates[-1]]
    batch = next((b for b in fitting if cost.steps_possible(context, shape, name, b) >= wanted), fitting[-1])
    chosen = int(values.get("batch.size", batch))
    if not cost.fits(context, shape, name, chosen):
        raise _too_small(context, shape, chosen, dense=dense)
    memory = int(cost.memory_bytes(context, shape, name, chosen))
    return {
        "batch.size": (batch, f"the largest of {candidates} that fits the memory and leaves {wanted} steps"),
        "memory.predicted_bytes": (
            memory,
            "interpreters, cached cases, and the larger of network and one case being prepared (diascope.plan.cost)",
        ),
    }


RULE = Rule("batch", {"batch.size": int, "memory.predicted_bytes": int}, _apply, after=("network", "cache"))
