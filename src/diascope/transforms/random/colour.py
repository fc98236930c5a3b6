"""Turn hues and change saturation of pictures with three planes."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import factor, uniform


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor | None:
    """Return matrices ``(B, 3, 3)`` on red, green and blue: a turn about the grey axis, and a stretch away from it."""
    if shape[1] != 3 or len(shape) != 4:
        return None
    angle = uniform(rng, (shape[0], 1, 1), -1, 1) * float(options.get("hue_deg") or 0.0) * math.pi / 180
    stretch = factor(rng, (shape[0], 1, 1), options.get("saturation") or 0.0)
    grey = torch.full((3, 3), 1 / 3, device=rng.device)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=rng.device) / math.sqrt(3)
    away = torch.eye(3, device=rng.device) - grey
    return grey + stretch * (angle.cos() * away + angle.sin() * cross)


def _apply(images: Tensor, params: Tensor) -> Tensor:
    return (params.to(images) @ images.flatten(2)).reshape(images.shape)


TRANSFORM = RandomTransform(
    "colour",
    "image",
    0,
    {
        "hue_deg": "largest turn of all hues in degrees (2-D images of three planes only)",
        "saturation": "0.3 multiplies the distance to grey by 1/1.3 to 1.3 (2-D images of three planes only)",
    },
    {},
    _draw,
    _apply,
)
