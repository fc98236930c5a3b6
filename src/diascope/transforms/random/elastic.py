"""Deform smoothly by a cubic B-spline."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._axes import along_axes, spline_matrix
from diascope.transforms.random._draw import edges, uniform

CONTROL_SPACING = 12.0
"""Voxels between control points (chosen here: 3 to 5 across the structures of a 48-voxel patch)."""


class Params(NamedTuple):
    """Displacement ``(B, n, *controls)`` of the control points in voxels, and their distance along each axis."""

    control: Tensor
    spacing: tuple[float, ...]


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params:
    size = shape[2:]
    between = float(options.get("elastic_spacing") or CONTROL_SPACING)
    spacing = tuple(max(1.0, between / edge) for edge in edges(options, len(size)))
    controls = [spline_matrix(n, s).shape[1] for n, s in zip(size, spacing, strict=True)]
    strength = uniform(rng, (shape[0], 1, *[1] * len(size))) * float(options["elastic"])
    reach = torch.tensor(spacing, device=rng.device).reshape(1, -1, *[1] * len(size))
    return Params(uniform(rng, (shape[0], len(size), *controls), -1, 1) * strength * reach, spacing)


def _apply(positions: Tensor, params: Params) -> Tensor:
    size = positions.shape[2:]
    matrices = [spline_matrix(n, s).to(positions) for n, s in zip(size, params.spacing, strict=True)]
    return positions + along_axes(params.control.to(positions), matrices)


TRANSFORM = RandomTransform(
    "elastic",
    "grid",
    1,
    {"elastic": "largest shift of a control point in control spacings; below 0.4 nothing folds (Choi, Lee 2000)"},
    {"elastic_spacing": f"voxels between control points, {CONTROL_SPACING:g} if not given", "spacing": "voxel edges"},
    _draw,
    _apply,
)
