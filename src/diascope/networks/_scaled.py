"""Outputs in a unit of their own, such as years, from a layer that learns numbers of mean 0 and spread 1."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Scaled(nn.Module):
    """Multiplies and shifts each output by fixed numbers, in single precision whatever came before.

    Half precision has three digits, too few for an age in days or a volume in ml; the numbers come from the plan, so
    they are no part of the weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` ``(B, O)`` in the outputs' unit."""
        return x.float() * self.std + self.mean


def scaling(options: Mapping[str, Any], outputs: int) -> nn.Module:
    """Return what brings outputs to the unit that ``output_mean`` and ``output_std`` say; nothing where they are None.

    Raises:
        ValueError: there is not one number for each output.
    """
    mean, std = options.get("output_mean"), options.get("output_std")
    if mean is None and std is None:
        return nn.Identity()
    mean, std = mean or [0.0] * outputs, std or [1.0] * outputs
    if len(mean) != outputs or len(std) != outputs:
        raise ValueError(f"output_mean and output_std need {outputs} numbers each, got {len(mean)} and {len(std)}")
    return Scaled([float(m) for m in mean], [float(s) for s in std])
