"""How random numbers are drawn, and shapes that several transforms need."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor


def uniform(rng: Generator, shape: Sequence[int], low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return numbers between ``low`` and ``high``, on the generator's device."""
    return torch.rand(tuple(shape), generator=rng, device=rng.device) * (high - low) + low


def factor(rng: Generator, shape: Sequence[int], most: float) -> Tensor:
    """Return numbers between ``1 / (1 + most)`` and ``1 + most``, as often above 1 as below."""
    return torch.exp(uniform(rng, shape, -1, 1) * torch.log1p(torch.tensor(float(most))).item())


def seed(rng: Generator) -> int:
    """Return a seed, so that ``apply`` can make a whole field of numbers again."""
    return int(torch.randint(2**62, (1,), generator=rng, device=rng.device).item())


def each_channel(shape: Sequence[int], options: Mapping[str, Any]) -> tuple[int, ...]:
    """Return ``(B, C, 1, …)``, or ``(B, 1, 1, …)`` where all channels are to share one number."""
    channels = shape[1] if options.get("per_channel", True) else 1
    return (shape[0], channels, *[1] * (len(shape) - 2))


def each_axis(value: float | Sequence[float], ndim: int) -> list[float]:
    """Return one number for each axis."""
    return [float(v) for v in value] if isinstance(value, Sequence) else [float(value)] * ndim


def edges(options: Mapping[str, Any], ndim: int) -> list[float]:
    """Return the voxel's edge along each axis in units of the shortest, from the option ``spacing``."""
    spacing = each_axis(options.get("spacing") or 1.0, ndim)
    return [s / min(spacing) for s in spacing]


def spatial_axes(batch: Tensor) -> tuple[int, ...]:
    """Return the numbers of a batch's spatial axes."""
    return tuple(range(2, batch.ndim))
