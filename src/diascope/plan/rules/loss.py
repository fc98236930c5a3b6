"""The loss and how it treats rare classes."""

from typing import Any, Literal

import numpy as np

from diascope.core.documents.fingerprint import TargetNumbers
from diascope.plan.rule import Context, Rule

LARGEST_WEIGHT = 10.0


def _positive_weights(context: Context) -> list[float] | None:
    """Return the square root of negative over positive cases for each label, at least 1; missing ones are neither."""
    numbers = context.fingerprint.targets[context.target_name or ""]
    known = np.array([_known(context, numbers, name) for name in context.target.classes], float)
    counts = np.array([numbers.counts.get(name, 0) for name in context.target.classes], float)
    weights = np.sqrt((known - counts).clip(1) / counts.clip(1)).clip(1, LARGEST_WEIGHT)
    return [round(float(w), 3) for w in weights]


def _known(context: Context, numbers: TargetNumbers, name: str) -> int:
    """Return the cases in which a label is known."""
    return numbers.known.get(name, context.fingerprint.cases)


def _missing(context: Context) -> str:
    """Return what is missing and what becomes of it, in words."""
    numbers = context.fingerprint.targets[context.target_name or ""]
    cases = context.fingerprint.cases + numbers.missing
    head = context.task.head(context.target)
    if context.task.sees == "patches" or head.activation == "softmax":
        if not numbers.missing:
            return "no case lacks its reference"
        what = "mask" if context.task.sees == "patches" else "class"
        return f"{numbers.missing} of {cases} cases lack their {what}: they take no part in training"
    lacking = {name: cases - _known(context, numbers, name) for name in context.target.classes}
    each = ", ".join(f"{name} in {n}" for name, n in lacking.items() if n)
    return f"missing of {cases} cases: {each}; they add nothing to the loss" if each else "no case lacks a label"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    name = context.task.losses[context.target.kind]
    head = context.task.head(context.target)
    per_label = head.activation == "sigmoid" and context.task.sees == "whole"
    weights = (
        (_positive_weights(context), "square root of negative over positive cases: rare labels count more")
        if per_label
        else (None, "classes are balanced by sampling (sampling.balance), Dice is balanced by itself")
    )
    smoothing = (
        (0.0, "labels of voxels are taken as they are")
        if context.task.sees == "patches"
        else (0.1, "Szegedy et al. 2016")
    )
    return {
        "loss.name": (name, f"what {context.task.name} takes for a target of kind {context.target.kind}"),
        "loss.class_weights": weights,
        "loss.label_smoothing": smoothing,
        "loss.missing_labels": ("ignore", _missing(context)),
        "loss.scale": (None, "not used"),
        "loss.horizons": (None, "not used"),
    }


RULE = Rule(
    "loss",
    {
        "loss.name": str,
        "loss.class_weights": list[float] | None,
        "loss.label_smoothing": float,
        "loss.missing_labels": Literal["ignore"],
        "loss.scale": float | None,
        "loss.horizons": list[float] | None,
    },
    _apply,
)
