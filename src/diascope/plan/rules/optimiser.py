"""Optimiser and schedule; the number of steps is measured when training starts."""

from typing import Any, Literal

from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    dense = context.task.sees == "patches"
    rate = (2e-3, "a short schedule wants a high peak (chosen here)") if dense else (1e-3, "AdamW's usual peak")
    decay = (
        (1e-2, "AdamW's usual")
        if dense
        else (5e-2, "stronger than usual, chosen here: whole-image networks see few cases")
    )
    return {
        "optimiser.name": ("adamw", "converges in fewer steps than SGD (Loshchilov and Hutter 2019)"),
        "optimiser.learning_rate": rate,
        "optimiser.weight_decay": decay,
        "optimiser.clip_norm": (12.0 if dense else 5.0, "gradients above this norm are scaled down"),
        "schedule.warmup": (0.03, "share of the steps in which the rate rises; then a half cosine to zero"),
        "schedule.ema": (0.1, "weights are averaged over this share of the steps"),
        "schedule.largest_steps": (20000, "the plan's own cap (chosen here)"),
        "schedule.steps": (None, "measured at the start of training, one number a member"),
        "schedule.cuts": (None, "where a slower machine shortened the schedule: [step, new total] a member"),
    }


RULE = Rule(
    "optimiser",
    {
        "optimiser.name": Literal["adamw"],
        "optimiser.learning_rate": float,
        "optimiser.weight_decay": float,
        "optimiser.clip_norm": float,
        "schedule.warmup": float,
        "schedule.ema": float,
        "schedule.largest_steps": int,
        "schedule.steps": int | list[int] | None,
        "schedule.cuts": list[list[int] | None] | None,
    },
    _apply,
)
