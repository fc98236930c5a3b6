"""PyTorch itself: bfloat16 autocast and channels-last where the plan says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_model
from torch import nn

from diascope.core.errors import RunError
from diascope.core.ports.engine import Engine, How, Runner


def wrap(module: nn.Module, how: How) -> Runner:
    """Return a runner for a module that is already built and loaded."""
    device, layout = how.device, _layout(module, how.memory_format)
    module = module.to(device).to(memory_format=layout).eval()  # pyright: ignore[reportCallIssue] — torch's own stub

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        x = torch.from_numpy(np.ascontiguousarray(batch, np.float32)).to(device).contiguous(memory_format=layout)
        lower = how.precision.startswith("bf16")
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=lower):
            y = module(x).to(torch.float32, memory_format=torch.contiguous_format)  # one class after the other
            return y.cpu().numpy()

    return run


def _layout(module: nn.Module, memory_format: str) -> torch.memory_format:
    if memory_format != "channels_last":
        return torch.contiguous_format
    is_3d = any(isinstance(m, nn.Conv3d) for m in module.modules())
    return torch.channels_last_3d if is_3d else torch.channels_last


def _devices() -> tuple[str, ...]:
    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def _load(build: Callable[[], nn.Module], weights: Path | None, how: How) -> Runner:
    """Return a runner for a module with the weights of a safetensors file.

    Raises:
        RunError: the file does not hold this module's weights.
    """
    module = build()
    if weights is not None:
        try:
            load_model(module, weights)
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(f"{weights.name} does not fit the plan's network", got=str(error)[:300]) from None
    return wrap(module, how)


ENGINE = Engine("torch", _load, _devices)
