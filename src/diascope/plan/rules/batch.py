"""Cases a step, and the memory that follows."""

from typing import Any

from diascope.core.errors import BudgetError
from diascope.core.families import NETWORKS
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


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    values, name = context.values, context.values["network.name"]
    dense = NETWORKS.load(name).dense
    options = {k.removeprefix("network."): v for k, v in values.items() if k.startswith("network.")}
    shape = cost.shape_of(context, values["patch.size"], options)
    candidates = _candidates(context, dense=dense)
    fitting = [b for b in candidates if cost.memory_bytes(context, shape, name, b) <= context.budget.memory_bytes]
    if not fitting:
        need = cost.memory_bytes(context, shape, name, candidates[-1])
        raise BudgetError(
            "the memory is too small for the network",
            expected=f"{need / 2**30:.1f} GiB",
            got=f"{context.budget.memory_bytes / 2**30:.2f} GiB",
            fix="give more with --memory, or a smaller --set patch.size",
        )
    wanted = STEPS_WANTED if dense else 400
    batch = next((b for b in fitting if cost.steps_possible(context, shape, name, b) >= wanted), fitting[-1])
    chosen = int(values.get("batch.size", batch))
    memory = int(cost.memory_bytes(context, shape, name, chosen))
    return {
        "batch.size": (batch, f"the largest of {candidates} that fits the memory and leaves {wanted} steps"),
        "memory.predicted_bytes": (memory, "interpreter, cached cases, weights and activations (diascope.plan.cost)"),
    }


RULE = Rule("batch", {"batch.size": int, "memory.predicted_bytes": int}, _apply, after=("network", "cache"))
