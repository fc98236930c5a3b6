"""Which cases and patches a batch is drawn from."""

from math import log
from typing import Any

from diascope.plan import cost
from diascope.plan.rule import Context, Rule

MOST_OVERSAMPLED = 10.0
"""How many times its share a rare class is drawn at most: its few cases would be learnt by heart (chosen here)."""


def _balance(context: Context) -> tuple[float, str]:
    """Return the power of a class's share by which its cases are drawn more often: 0 as they come, 1 evenly."""
    counts = [c for c in context.fingerprint.targets[context.target_name or ""].counts.values() if c]
    exclusive = context.task.head(context.target).activation == "softmax"
    if context.task.sees == "patches" or not exclusive or len(counts) < 2 or max(counts) == min(counts):
        return 0.0, "each case is drawn once an epoch"
    ratio = max(counts) / min(counts)
    if ratio <= MOST_OVERSAMPLED:
        return 1.0, "classes are drawn evenly: a collection does not say how often each is met in use (docs/lab-log.md)"
    power = round(log(MOST_OVERSAMPLED) / log(ratio), 3)
    return power, f"classes differ {ratio:.0f} times: rare ones are drawn up to {MOST_OVERSAMPLED:g} times their share"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    patch, median = context.values["patch.size"], cost.median_shape(context)
    whole = all(p >= m for p, m in zip(patch, median, strict=True))
    if context.task.sees == "whole" or whole:
        foreground = (0.0, "a patch holds the whole image")
    else:
        foreground = (0.33, "a third of the patches are centred on foreground (Isensee et al. 2021)")
    return {"sampling.foreground": foreground, "sampling.balance": _balance(context)}


RULE = Rule(
    "sampling",
    {"sampling.foreground": float, "sampling.balance": float},
    _apply,
    after=("patch", "channels", "spacing"),
)
