"""Smooth by a Gaussian."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._axes import along_axes, gaussian_matrices
from diascope.transforms.random._draw import edges, uniform


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Tensor:
    """Return deviations ``(B, ndim)`` in voxels, the same in mm along each axis."""
    sigma = uniform(rng, (shape[0], 1), 0.5, 1.0) * float(options["blur"])
    return sigma / torch.tensor(edges(options, len(shape) - 2), device=rng.device)


def _apply(images: Tensor, params: Tensor) -> Tensor:
    sigma = params.to(images)
    return along_axes(images, [gaussian_matrices(n, sigma[:, k]) for k, n in enumerate(images.shape[2:])])


TRANSFORM = RandomTransform(
    "blur",
    "image",
    40,
    {"blur": "largest deviation in voxels (the shortest edge's); at least half of it is taken"},
    {"spacing": "voxel edges"},
    _draw,
    _apply,
)
