"""Blend two cases and their targets (Zhang et al. 2018)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import seed


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor | None:
    """Return each sample's own share ``(B,)``, 0.5 or more, by Beta(mixup, mixup); the rest is its neighbour's."""
    if shape[0] < 2:
        return None
    alpha = float(options["mixup"])
    share = np.random.default_rng(seed(rng)).beta(alpha, alpha, shape[0])  # torch's own takes no generator
    return torch.from_numpy(np.maximum(share, 1 - share))


def _apply(batch: Tensor, params: Tensor) -> Tensor:
    """Blend each row with the one before; a target that is missing (nan) in one of them is missing."""
    share = params.to(batch).reshape(-1, *[1] * (batch.ndim - 1))
    return batch * share + batch.roll(1, 0) * (1 - share)


TRANSFORM = RandomTransform(
    "mixup", "mix", 0, {"mixup": "alpha of the Beta distribution; for targets that are vectors only"}, {}, _draw, _apply
)
