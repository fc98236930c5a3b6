"""Add Gaussian noise."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import seed, uniform
from diascope.transforms.random._moments import mean_and_deviation


class Params(NamedTuple):
    """Deviations ``(B, 1, 1, …)`` in those of the channel, and the seed of the noise itself."""

    deviation: Tensor
    seed: int


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params:
    return Params(uniform(rng, (shape[0], *[1] * (len(shape) - 1)), 0, float(options["noise"])), seed(rng))


def _apply(images: Tensor, params: Params) -> Tensor:
    generator = torch.Generator(images.device).manual_seed(params.seed)
    noise = torch.randn(images.shape, generator=generator, device=images.device, dtype=images.dtype)
    scale = mean_and_deviation(images)[1] * params.deviation.to(images)
    return noise.mul_(scale).add_(images)


TRANSFORM = RandomTransform(
    "noise",
    "image",
    60,
    {"noise": "largest deviation of the noise, in standard deviations of the image"},
    {},
    _draw,
    _apply,
)
