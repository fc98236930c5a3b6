"""Show the image as a coarser scan would have it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms import axis
from diascope.transforms.random._axes import along_axes
from diascope.transforms.random._draw import edges, uniform

THICK = 3.0
"""An axis with voxels so many times longer than the shortest is coarse enough already (nnU-Net's anisotropy)."""


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Return the coarse size along each axis, for each sample."""
    share = uniform(rng, (shape[0],), float(options["lowres"]), 1.0).tolist()
    edge = edges(options, len(shape) - 2)
    return [
        tuple(n if e > THICK else max(1, round(n * s)) for n, e in zip(shape[2:], edge, strict=True)) for s in share
    ]


@lru_cache(maxsize=512)
def _matrix(size: int, coarse: int) -> Tensor:
    """Return ``(size, size)``: to the coarse grid by nearest voxels, back by the cubic spline (as nnU-Net does)."""
    nearest = torch.zeros(coarse, size)
    nearest[torch.arange(coarse), torch.from_numpy(axis.nearest_index(size, coarse))] = 1
    return torch.from_numpy(axis.spline_matrix(coarse, size)) @ nearest


def _apply(images: Tensor, params: list[tuple[int, ...]]) -> Tensor:
    matrices = [
        torch.stack([_matrix(n, coarse[k]) for coarse in params]).to(images) for k, n in enumerate(images.shape[2:])
    ]
    return along_axes(images, matrices)


TRANSFORM = RandomTransform(
    "lowres",
    "image",
    50,
    {"lowres": "smallest size along each axis as a share of the image's, 0.5 for half"},
    {"spacing": "voxel edges; thick axes are left alone"},
    _draw,
    _apply,
)
