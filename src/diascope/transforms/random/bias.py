"""Multiply by a smooth field, as an uneven coil or lamp does."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._axes import along_axes, spline_matrix
from diascope.transforms.random._draw import spatial_axes, uniform

INTERVALS = 2
"""Spline intervals across the image: the field changes slower than any organ (chosen here)."""


def _matrix(size: int) -> Tensor:
    return spline_matrix(size, max(1.0, (size - 1) / INTERVALS))


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return control points ``(B, C, *controls)`` of the logarithm of the field."""
    controls = [_matrix(n).shape[1] for n in shape[2:]]
    return uniform(rng, (*shape[:2], *controls), -1, 1) * float(options["bias"])


def _apply(images: Tensor, params: Tensor) -> Tensor:
    field = along_axes(params.to(images), [_matrix(n).to(images) for n in images.shape[2:]])
    low = images.amin(spatial_axes(images), keepdim=True)
    return torch.addcmul(low, images - low, field.exp_())


TRANSFORM = RandomTransform(
    "bias",
    "image",
    10,
    {"bias": "largest logarithm of the field at its control points, 0.5 for a factor of 1.6"},
    {},
    _draw,
    _apply,
)
