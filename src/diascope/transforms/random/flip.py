"""Mirror along axes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._boxes import mirror


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return ``(B, ndim)`` bool: each axis is mirrored in half of the samples."""
    allowed = torch.zeros(len(shape) - 2, dtype=torch.bool, device=rng.device)
    allowed[list(options["flip"])] = True
    return (torch.rand((shape[0], len(shape) - 2), generator=rng, device=rng.device) < 0.5) & allowed


def _apply(batch: Tensor, params: Tensor) -> Tensor:
    out = batch.clone()
    for sample, axes in enumerate(params.tolist()):
        turned = [1 + axis for axis, is_turned in enumerate(axes) if is_turned]
        if turned:
            out[sample] = batch[sample].flip(turned)
    return out


TRANSFORM = RandomTransform(
    "flip",
    "exact",
    0,
    {"flip": "list of axes of the network's grid that may be mirrored"},
    {},
    _draw,
    _apply,
    mirror,
)
