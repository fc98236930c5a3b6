"""Bend the grey scale."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import each_channel, factor, spatial_axes, uniform
from diascope.transforms.random._moments import mean_and_deviation

INVERTED = 0.25
"""Share of samples whose dark and bright ends change places for the bend (nnU-Net: 0.1 beside 0.3)."""


class Params(NamedTuple):
    """Exponents ``(B, C or 1, 1, …)`` and which samples ``(B, 1, …)`` are bent upside down."""

    exponent: Tensor
    inverted: Tensor


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params:
    inverted = uniform(rng, (shape[0], *[1] * (len(shape) - 1))) < INVERTED
    return Params(factor(rng, each_channel(shape, options), options["gamma"]), inverted)


def _apply(images: Tensor, params: Params) -> Tensor:
    """Bend between each channel's minimum and maximum, then give it its mean and deviation back."""
    axes = spatial_axes(images)
    inverted, exponent = params.inverted.to(images.device), params.exponent.to(images)
    low, high = images.amin(axes, keepdim=True), images.amax(axes, keepdim=True)
    sign = torch.where(inverted, -1.0, 1.0).to(images)
    start = torch.where(inverted, high, low)
    bent = ((images - start) * (sign / (high - low).clamp(min=1e-7))).clamp_(min=0).pow_(exponent).mul_(sign)
    mean, std = mean_and_deviation(images)
    new_mean, new_std = mean_and_deviation(bent)
    return bent.sub_(new_mean).mul_(std / new_std.clamp(min=1e-7)).add_(mean)


TRANSFORM = RandomTransform(
    "gamma",
    "image",
    30,
    {"gamma": "0.3 draws exponents between 1/1.3 and 1.3"},
    {"per_channel": "one number for each channel (true, if not given), or one for all: colour pictures"},
    _draw,
    _apply,
)
