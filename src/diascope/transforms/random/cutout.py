"""Cover a box with the mean value (DeVries and Taylor 2017)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._draw import spatial_axes, uniform


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return first and last (exclusive) voxel ``(B, 2, ndim)``; edges are a third of the largest or more."""
    size = torch.tensor(shape[2:], device=rng.device)
    edge = (uniform(rng, (shape[0], len(size)), 1 / 3, 1.0) * float(options["cutout"]) * size).ceil().clamp(min=1)
    first = (uniform(rng, edge.shape) * (size - edge + 1).clamp(min=1)).floor()
    return torch.stack([first, first + edge], 1).long()


def _apply(images: Tensor, params: Tensor) -> Tensor:
    out, mean = images.clone(), images.mean(spatial_axes(images))
    for sample, (first, last) in enumerate(params.tolist()):
        inside = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        out[sample][:, *inside] = mean[sample].reshape(-1, *[1] * len(inside))
    return out


TRANSFORM = RandomTransform(
    "cutout", "image", 70, {"cutout": "largest edge of the covered box as a share of each axis"}, {}, _draw, _apply
)
