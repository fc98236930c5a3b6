"""Three maps that tell objects apart, computed from the instance map as the augmentation has left it.

``foreground``: any object. ``depth``: how deep inside its own object a voxel lies, from 0 at its edge to 1 where it is
deepest, whatever the object's size (the object probability of StarDist, Schmidt et al. 2018; the distance map of Naylor
et al. 2019). ``contact``: next to another object (the contour branch of DCAN, Chen et al. 2016, at contacts only).

All three are plain numbers of a voxel: they may be mirrored, averaged over windows and members, and are the same in 2-D
and 3-D. The horizontal and vertical maps of HoVer-Net are vectors, whose sign a mirrored image turns round.

Options under ``loss.``: ``label_smoothing`` (0..1) moves the foreground's targets towards one half.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from diascope.core.ports.loss import Loss

SMOOTH = 1.0
"""Added to both parts of the Dice, in voxels, so that a batch without any is defined."""

CONTACT_WEIGHT = 4.0
"""Of a contact voxel against all others in the cross-entropy (chosen here: few voxels are any)."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What the network is to give, ``(B, I, J[, K])`` float32 each, from 0 to 1."""

    foreground: Tensor
    depth: Tensor
    contact: Tensor


def make_maps(instances: Tensor) -> Maps:
    """Return the maps of instance maps ``(B, I, J[, K])``, 0 being background.

    Depth counts the layers that can be peeled off an object, by turns from its face neighbours and from all of them,
    which keeps round objects nearly round. The border of the patch peels nothing off: an object goes on beyond it.
    """
    foreground = instances > 0
    layers = _peel(instances)
    return Maps(foreground.float(), _normalise(layers, instances), _touches(instances))


def _peel(instances: Tensor) -> Tensor:
    left = instances.float()[:, None]  # whole numbers up to 2**24 are exact
    layers = torch.zeros_like(left)
    for turn in range(max(instances.shape[1:])):
        is_left = left > 0
        if not bool(is_left.any()):
            break
        layers += is_left
        left = torch.where(_is_inside(left, corners=bool(turn % 2)), left, 0.0)
    return layers[:, 0]


def _is_inside(labels: Tensor, *, corners: bool) -> Tensor:
    """Return which voxels ``(B, 1, I, J[, K])`` have neighbours of their own number only."""
    ndim = labels.ndim - 2
    pool = functional.max_pool2d if ndim == 2 else functional.max_pool3d
    kernels = [(3,) * ndim] if corners else [tuple(3 if a == axis else 1 for a in range(ndim)) for axis in range(ndim)]
    inside = torch.ones_like(labels, dtype=torch.bool)
    for kernel in kernels:
        padding = tuple(k // 2 for k in kernel)
        highest = pool(labels, kernel, stride=1, padding=padding)
        lowest = -pool(-labels, kernel, stride=1, padding=padding)
        inside &= highest == lowest
    return inside


def _normalise(layers: Tensor, instances: Tensor) -> Tensor:
    """Return layers as a share of the object's most; half a layer is the edge, so that it is never 0 inside."""
    most = int(instances.max()) + 1
    start = torch.arange(len(instances), device=instances.device).reshape(-1, *[1] * (instances.ndim - 1)) * most
    index = (instances + start).reshape(-1)
    deepest = torch.zeros(most * len(instances), device=layers.device)
    deepest = deepest.scatter_reduce(0, index, layers.reshape(-1), "amax")
    own = deepest[index].reshape(layers.shape)
    return torch.where(instances > 0, (layers - 0.5) / (own - 0.5).clamp(min=0.5), 0.0)


def _touches(instances: Tensor) -> Tensor:
    """Return which voxels have an object of another number among all their neighbours."""
    found = torch.zeros_like(instances, dtype=torch.bool)
    for shift in product((-1, 0, 1), repeat=instances.ndim - 1):
        if shift <= (0,) * len(shift):
            continue  # each pair of neighbours is looked at once
        here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(shift, instances.shape[1:], strict=True))
        there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(shift, instances.shape[1:], strict=True))
        one, other = instances[(slice(None), *here)], instances[(slice(None), *there)]
        differ = (one > 0) & (other > 0) & (one != other)
        found[(slice(None), *here)] |= differ
        found[(slice(None), *there)] |= differ
    return found.float()


@dataclass
class _Criterion:
    """Keeps the maps of the last target, as deep supervision asks for the same ones again."""

    smoothing: float
    kept: tuple[Tensor, Maps] | None = field(default=None)

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, 3, I, J[, K])`` and instance maps ``(B, I, J[, K])``."""
        if self.kept is None or self.kept[0] is not target:
            self.kept = (target, make_maps(target))
        maps, logits = self.kept[1], logits.float()
        smooth = maps.foreground * (1 - self.smoothing) + 0.5 * self.smoothing
        cover = functional.binary_cross_entropy_with_logits(logits[:, 0], smooth)
        depth = functional.binary_cross_entropy_with_logits(logits[:, 1], maps.depth) - _entropy(maps.depth)
        weight = 1 + (CONTACT_WEIGHT - 1) * maps.contact
        contact = functional.binary_cross_entropy_with_logits(logits[:, 2], maps.contact, weight)
        overlap = _dice(logits[:, 0], maps.foreground) + _dice(logits[:, 2], maps.contact)
        return cover + depth + contact + overlap


def _entropy(share: Tensor) -> Tensor:
    """Return the cross-entropy of shares with themselves, below which none can come."""
    return -(torch.xlogy(share, share) + torch.xlogy(1 - share, 1 - share)).mean()


def _dice(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return one less the soft Dice over the whole batch."""
    given = logits.sigmoid()
    both = (given * wanted).sum()
    return 1 - (2 * both + SMOOTH) / (given.sum() + wanted.sum() + SMOOTH)


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    return _Criterion(float(options.get("label_smoothing", 0.0)))


LOSS = Loss("instances", _build)
