"""Which channels go in, and what stands for a missing one."""

from typing import Any, Literal

from diascope.plan.rule import Context, Rule

OTHER_GRIDS = "channels_on_other_grids"
"""The code of the problem by which curation names such cases."""


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    dataset, numbers = context.dataset, context.fingerprint.channels
    names = context.values.get("preprocess.channels", list(dataset.channels))
    frames = context.values.get("preprocess.frames")
    seen = context.values.get("preprocess.neighbours")
    frames = frames if seen is None else 2 * seen + 1
    components = {name: _planes(context, name) * (frames or 1) for name in names}
    planes = "planes of each channel: 3 for a colour picture" + (f", times {frames} frames" if frames else "")
    absent = {name: numbers[name].missing for name in names if name in numbers and numbers[name].missing}
    lacking = f"missing in {absent} cases: their mean stands for them" if absent else "no case lacks a channel"
    return {
        "preprocess.channel_grid": ("reference", _other_grids(context)),
        "preprocess.channels": (list(dataset.channels), "all that the data set has, in its order"),
        "preprocess.components": (components, planes),
        "preprocess.missing": ({name: "mean" for name in absent}, lacking),
        "preprocess.nonfinite": ("refuse", "a NaN is a defect of the file; 'minimum' would replace it in prediction"),
        "curate.resample_masks": (False, "a mask on another grid may be another image's: refused unless asked for"),
    }


def _planes(context: Context, name: str) -> int:
    """Return the planes of one frame: where only the user says that images are clips, their planes are the frames."""
    return (
        1
        if context.fingerprint.clip is None and context.values.get("preprocess.frames")
        else (context.dataset.components.get(name, 1))
    )


def _other_grids(context: Context) -> str:
    """Return how many cases have channels on different grids, and what becomes of them."""
    found = [len(p.cases) for p in context.dataset.problems if p.code == OTHER_GRIDS]
    if len(context.dataset.channels) == 1:
        return "there is one channel"
    if not found:
        return "no case has channels on different grids; a later image's are brought to the first channel's"
    return f"{sum(found)} cases have channels on different grids: they are brought to the first channel's"


RULE = Rule(
    "channels",
    {
        "preprocess.channel_grid": Literal["reference", "refuse"],
        "preprocess.channels": list[str],
        "preprocess.components": dict[str, int],
        "preprocess.missing": dict[str, str],
        "preprocess.nonfinite": str,
        "curate.resample_masks": bool,
    },
    _apply,
    after=("frames", "neighbours"),
)
