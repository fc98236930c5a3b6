"""The user's budget, recorded as decisions so that a plan can be carried out again."""

from typing import Any, Literal

from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    budget = context.budget
    return {
        "budget.seconds": (budget.seconds, "wall clock of the whole command, as given or the default"),
        "budget.memory_bytes": (budget.memory_bytes, "as given, else 80 % of the memory that was free"),
        "budget.disk_bytes": (budget.disk_bytes, "cap of the cache, as given or the default"),
        "budget.members": (budget.members, "networks that share the time: folds times seeds"),
        "machine.device": (budget.device, "the device that was asked for or found"),
        "machine.threads": (
            budget.cores,
            "cores that this process may use: sums depend on their number",
        ),
    }


OPTIONS = {
    "budget.seconds": "--budget",
    "budget.memory_bytes": "--memory",
    "budget.disk_bytes": "--disk",
    "budget.members": "--members",
    "machine.device": "--device of diascope train",
}
"""Keys that the other rules have already planned with: each has an option, and none is for ``--set``."""

RULE = Rule(
    "budget",
    {
        "budget.seconds": float,
        "budget.memory_bytes": int,
        "budget.disk_bytes": int,
        "budget.members": int,
        "machine.device": Literal["cpu", "cuda"],
        "machine.threads": int,
    },
    _apply,
)
