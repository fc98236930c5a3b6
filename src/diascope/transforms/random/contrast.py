"""Stretch or squeeze values about their mean."""

from collections.abc import Mapping
from typing import Any

from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import each_channel, factor, spatial_axes


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return factors ``(B, C or 1, 1, …)``."""
    return factor(rng, each_channel(shape, options), options["contrast"])


def _apply(images: Tensor, params: Tensor) -> Tensor:
    mean = images.mean(spatial_axes(images), keepdim=True)
    scale = params.to(images)
    return images * scale + mean * (1 - scale)


TRANSFORM = RandomTransform(
    "contrast",
    "image",
    20,
    {"contrast": "0.3 multiplies the distance to the mean by 1/1.3 to 1.3"},
    {"per_channel": "as for gamma"},
    _draw,
    _apply,
)
