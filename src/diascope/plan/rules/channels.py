"""Which channels go in, and what stands for a missing one."""

from typing import Any

from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    dataset, numbers = context.dataset, context.fingerprint.channels
    names = context.values.get("preprocess.channels", list(dataset.channels))
    components = {name: dataset.components.get(name, 1) for name in names}
    absent = {name: numbers[name].missing for name in names if name in numbers and numbers[name].missing}
    lacking = f"missing in {absent} cases: their mean stands for them" if absent else "no case lacks a channel"
    return {
        "preprocess.channels": (list(dataset.channels), "all that the data set has, in its order"),
        "preprocess.components": (components, "planes of each channel: 3 for a colour picture"),
        "preprocess.missing": ({name: "mean" for name in absent}, lacking),
        "preprocess.nonfinite": ("refuse", "a NaN is a defect of the file; 'minimum' would replace it"),
        "curate.resample_masks": (False, "a mask on another grid may be another image's: refused unless asked for"),
    }


RULE = Rule(
    "channels",
    {
        "preprocess.channels": list[str],
        "preprocess.components": dict[str, int],
        "preprocess.missing": dict[str, str],
        "preprocess.nonfinite": str,
        "curate.resample_masks": bool,
    },
    _apply,
)
