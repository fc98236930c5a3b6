"""Where prepared cases lie: in memory where they fit, else mapped from files in the cache folder."""

from typing import Any, Literal

from diascope.core.errors import BudgetError
from diascope.plan import cost
from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    size = cost.prepared_bytes(context)
    if cost.fits_in_memory(context):
        return {"cache.mode": ("memory", f"{size / 2**20:.0f} MiB fit in {cost.CACHE_SHARE:.0%} of the memory")}
    if size > context.budget.disk_bytes and context.values.get("cache.mode") != "memory":
        raise BudgetError(
            "the prepared cases fit neither the memory nor the disk",
            expected=f"{size / 2**30:.1f} GiB",
            got=f"disk {context.budget.disk_bytes / 2**30:.1f}, memory {context.budget.memory_bytes / 2**30:.1f} GiB",
            fix="give more with --disk or --memory",
        )
    return {"cache.mode": ("mapped", f"{size / 2**30:.1f} GiB do not fit in {cost.CACHE_SHARE:.0%} of the memory")}


RULE = Rule("cache", {"cache.mode": Literal["memory", "mapped"]}, _apply, after=("patch",))
