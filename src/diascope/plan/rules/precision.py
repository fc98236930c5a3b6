"""Number type and memory layout of the network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from diascope.plan.rule import Context, Rule

WRONG_DEPTH = 2
"""With torch 2.13 on a CPU, the weight gradient of a 3x3x3 convolution over volumes 2 voxels deep, in bfloat16 and
channels_last, reads memory that was never written: NaN, or other numbers every time (docs/lab-log.md)."""


def has_bfloat16() -> bool:
    """Answer whether the processor multiplies bfloat16 in hardware (Linux: AVX512-BF16 or AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def depths(values: Mapping[str, Any]) -> set[int]:
    """Return the voxels along the first axis at each level of the network."""
    strides = values.get("network.strides")
    halved = [level[0] for level in strides] if strides else [values["network.first_stride"] or 1, 2, 2, 2]
    size, found = -(-int(values["patch.size"][0]) // (values.get("network.pooling") or [1])[0]), set()
    for stride in halved:
        size = -(-size // stride)
        found.add(size)
    return found


def _layout(context: Context, precision: str) -> tuple[str, str]:
    is_wrong = len(context.values["patch.size"]) == 3 and context.budget.device == "cpu" and precision == "bf16-mixed"
    if is_wrong and WRONG_DEPTH in depths(context.values):
        return "contiguous", "a level is 2 voxels deep, where bfloat16 gradients in channels_last are wrong on a CPU"
    return "channels_last", "convolutions read neighbours in one go"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    fast = context.budget.device == "cuda" or has_bfloat16()
    precision = (
        ("bf16-mixed", "the hardware multiplies bfloat16: about twice as fast, no loss scaling needed")
        if fast
        else ("32-true", "no bfloat16 in hardware: emulating it would be slower")
    )
    used = context.values.get("precision", precision[0])
    return {"precision": precision, "memory_format": _layout(context, used)}


RULE = Rule(
    "precision",
    {"precision": Literal["bf16-mixed", "32-true"], "memory_format": Literal["channels_last", "contiguous"]},
    _apply,
    after=("network",),
)
