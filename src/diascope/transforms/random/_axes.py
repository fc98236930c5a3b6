"""Linear operations that act on each spatial axis by a small matrix: smoothing, coarsening, spline fields."""

from collections.abc import Sequence

import torch
from torch import Tensor


def along_axes(batch: Tensor, matrices: Sequence[Tensor | None]) -> Tensor:
    """Return ``(B, C, *new)`` where each spatial axis is multiplied by its matrix ``(new, old)`` or ``(B, new, old)``.

    None leaves an axis alone. Much cheaper than a convolution of one channel on a CPU.
    """
    for axis, matrix in enumerate(matrices):
        if matrix is None:
            continue
        shape = list(batch.shape)
        before = shape[1:2] + shape[2 : axis + 2]
        flat = batch.reshape(shape[0], int(torch.Size(before).numel()), shape[axis + 2], -1)
        weights = matrix.unsqueeze(1) if matrix.ndim == 3 else matrix
        shape[axis + 2] = matrix.shape[-2]
        if flat.shape[-1] == 1:
            batch = (flat.squeeze(-1) @ matrix.transpose(-1, -2)).reshape(shape)
        else:
            batch = (weights @ flat).reshape(shape)
    return batch


def spline_matrix(size: int, spacing: float) -> Tensor:
    """Return the cubic B-spline's values ``(size, controls)`` at each voxel, control points ``spacing`` apart."""
    where = torch.arange(size) / spacing
    controls = int(where[-1].floor()) + 4
    distance = (where[:, None] + 1 - torch.arange(controls)).abs()
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, near, far)


def gaussian_matrices(size: int, sigma: Tensor) -> Tensor:
    """Return ``(B, size, size)`` that smooth an axis by ``sigma (B,)`` voxels, renormalised at the edges."""
    index = torch.arange(size, device=sigma.device)
    distance = (index[:, None] - index).square()
    weights = torch.exp(-distance / (2 * sigma.clamp(min=1e-3).square())[:, None, None])
    return weights / weights.sum(-1, keepdim=True)
