"""Move boxes ``(B, M, 2n + 1)`` (low, high, class; rows of nan are none) as the images move."""

import torch
from torch import Tensor

KEPT = 0.4
"""Least share of a box that must be left in the image, else it is no longer asked for (chosen here)."""


def mirror(boxes: Tensor, axes: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return the boxes with the axes mirrored that ``(B, n)`` bool names."""
    ndim = len(size)
    extent = torch.tensor(size, dtype=boxes.dtype, device=boxes.device)
    low, high, label = boxes.split([ndim, ndim, 1], -1)
    turned = axes.to(boxes.device)[:, None]
    return torch.cat([torch.where(turned, extent - high, low), torch.where(turned, extent - low, high), label], -1)


def map_by_matrix(boxes: Tensor, matrix: Tensor, shift: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return the boxes after an image was sampled at ``matrix @ position + shift``, positions from its centre.

    A box goes through the map as the ellipsoid inside it, whose new box is exact for round objects, while the box of
    the turned corners would grow with the angle (Kalra et al. 2021).
    """
    ndim = len(size)
    middle = torch.tensor(size, dtype=boxes.dtype, device=boxes.device) / 2
    back = torch.linalg.inv(matrix.to(boxes))
    low, high, label = boxes.split([ndim, ndim, 1], -1)
    centre = ((low + high) / 2 - middle - shift.to(boxes)[:, None]) @ back.mT + middle
    half = ((back[:, None] * ((high - low) / 2)[:, :, None]) ** 2).sum(-1).sqrt()
    return torch.cat([centre - half, centre + half, label], -1)


def keep_inside(boxes: Tensor, size: tuple[int, ...], *, least: float = KEPT) -> Tensor:
    """Return the boxes clipped to the image; those of which less than ``least`` is left become nan."""
    return keep_within(boxes, boxes.new_zeros(len(size)), boxes.new_tensor(size), least=least)


def keep_within(boxes: Tensor, first: Tensor, last: Tensor, *, least: float = KEPT) -> Tensor:
    """Return the boxes clipped to a region of the image; those of which less than ``least`` is left become nan."""
    ndim = len(first)
    low, high, label = boxes.split([ndim, ndim, 1], -1)
    cut_low, cut_high = torch.minimum(torch.maximum(low, first), last), torch.maximum(torch.minimum(high, last), first)
    left = (cut_high - cut_low).prod(-1, keepdim=True) / (high - low).prod(-1, keepdim=True).clamp(min=1e-6)
    kept = torch.cat([cut_low, cut_high, label], -1)
    return torch.where(left >= least, kept, torch.nan)


def compact(boxes: Tensor) -> Tensor:
    """Return the boxes with the rows of nan last, and no more rows than the fullest image needs."""
    real = ~boxes[..., 0].isnan()
    order = (~real).to(torch.int8).argsort(dim=1, stable=True)
    most = int(real.sum(1).max()) if len(boxes) else 0
    return boxes.gather(1, order[..., None].expand(-1, -1, boxes.shape[-1]))[:, :most]
