"""Add a constant."""

from collections.abc import Mapping
from typing import Any

from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import each_channel, uniform
from diascope.transforms.random._moments import mean_and_deviation


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return shifts ``(B, C or 1, 1, …)`` in standard deviations of the channel."""
    most = float(options["brightness"])
    return uniform(rng, each_channel(shape, options), -most, most)


def _apply(images: Tensor, params: Tensor) -> Tensor:
    return images + mean_and_deviation(images)[1] * params.to(images)


TRANSFORM = RandomTransform(
    "brightness",
    "image",
    25,
    {"brightness": "largest shift of all values, in standard deviations of the image"},
    {"per_channel": "as for gamma"},
    _draw,
    _apply,
)
