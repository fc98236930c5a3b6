"""Rotate, scale, shear and shift."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._boxes import map_by_matrix
from diascope.transforms.random._draw import each_axis, edges, factor, uniform


class Params(NamedTuple):
    """Matrix ``(B, n, n)`` and shift ``(B, n)``, both in voxels, about the image's centre."""

    matrix: Tensor
    shift: Tensor


def _turns(angles: Tensor, ndim: int) -> Tensor:
    """Return rotations ``(B, n, n)``: about the axes I, J, K in turn, or in the plane."""
    planes = [(1, 2), (0, 2), (0, 1)] if ndim == 3 else [(0, 1)]
    whole = torch.eye(ndim, device=angles.device).repeat(len(angles), 1, 1)
    for k, (a, b) in enumerate(planes):
        one = torch.eye(ndim, device=angles.device).repeat(len(angles), 1, 1)
        cos, sin = angles[:, k].cos(), angles[:, k].sin()
        one[:, a, a], one[:, b, b], one[:, a, b], one[:, b, a] = cos, cos, -sin, sin
        whole = whole @ one
    return whole


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params:
    batch, size = shape[0], shape[2:]
    ndim = len(size)
    most = each_axis(options.get("rotate_deg") or 0.0, 3 if ndim == 3 else 1)
    angles = uniform(rng, (batch, len(most)), -1, 1) * torch.tensor(most, device=rng.device) * math.pi / 180
    shear = uniform(rng, (batch, ndim, ndim), -1, 1) * float(options.get("shear") or 0.0)
    shear.diagonal(dim1=1, dim2=2).fill_(1.0)
    scale = factor(rng, (batch, 1, 1), options.get("scale") or 0.0)
    edge = torch.tensor(edges(options, ndim), device=rng.device)
    matrix = (_turns(angles, ndim) @ shear) / scale * edge / edge[:, None]
    extent = torch.tensor(size, device=rng.device)
    return Params(matrix, uniform(rng, (batch, ndim), -1, 1) * float(options.get("translate") or 0.0) * extent)


def _apply(positions: Tensor, params: Params) -> Tensor:
    flat = positions.flatten(2)
    matrix, shift = params.matrix.to(flat), params.shift.to(flat)
    return torch.baddbmm(shift[:, :, None], matrix, flat).reshape(positions.shape)


def _move_boxes(boxes: Tensor, params: Params, size: tuple[int, ...]) -> Tensor:
    return map_by_matrix(boxes, params.matrix, params.shift, size)


TRANSFORM = RandomTransform(
    "affine",
    "grid",
    0,
    {
        "rotate_deg": "largest rotation in degrees: one number, or one about each axis (2-D: one)",
        "scale": "0.2 enlarges or shrinks all axes by up to 1.2",
        "shear": "largest shear, as a tangent",
        "translate": "largest shift as a share of each axis",
    },
    {"spacing": "voxel edges along each axis, any unit: rotations are then true in mm"},
    _draw,
    _apply,
    _move_boxes,
)
