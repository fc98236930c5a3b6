"""Which cases and patches a batch is drawn from."""

from typing import Any

from diascope.plan import cost
from diascope.plan.rule import Context, Rule

IMBALANCE = 3.0


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    patch, median = context.values["patch.size"], cost.median_shape(context)
    whole = all(p >= m for p, m in zip(patch, median, strict=True))
    if not context.task.dense or whole:
        foreground = (0.0, "a patch holds the whole image")
    else:
        foreground = (0.33, "a third of the patches are centred on foreground (Isensee et al. 2021)")
    numbers = context.fingerprint.targets[context.target_name or ""]
    counts = [c for c in numbers.counts.values() if c]
    uneven = not context.task.dense and len(counts) > 1 and max(counts) > IMBALANCE * min(counts)
    exclusive = context.task.head(context.target).activation == "softmax"
    balance = (
        (0.5, f"classes differ more than {IMBALANCE:g} times: each is drawn by the square root of its share")
        if uneven and exclusive
        else (0.0, "each case is drawn once an epoch")
    )
    return {"sampling.foreground": foreground, "sampling.balance": balance}


RULE = Rule(
    "sampling",
    {"sampling.foreground": float, "sampling.balance": float},
    _apply,
    after=("patch", "channels", "spacing"),
)
