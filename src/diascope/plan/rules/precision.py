"""Number type and memory layout of the network."""

from pathlib import Path
from typing import Any

from diascope.plan.rule import Context, Rule


def has_bfloat16() -> bool:
    """Answer whether the processor multiplies bfloat16 in hardware (Linux: AVX512-BF16 or AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    fast = context.budget.device == "cuda" or has_bfloat16()
    precision = (
        ("bf16-mixed", "the hardware multiplies bfloat16: about twice as fast, no loss scaling needed")
        if fast
        else ("32-true", "no bfloat16 in hardware: emulating it would be slower")
    )
    return {"precision": precision, "memory_format": ("channels_last", "convolutions read neighbours in one go")}


RULE = Rule("precision", {"precision": str, "memory_format": str}, _apply)
