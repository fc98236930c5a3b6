"""Memory of normal cases: how far an image's texture is from that of the normal cases most like it.

An image is cut into cells. Of each cell the memory keeps the logarithm of the energy in bands of growing wavelength,
and the mean of what is coarser. ``finish`` writes the features of the training cases into a buffer; nothing is learned
by steps. The answer is the squared distance to the nearest cases, cell by cell, so that the mean over the map is the
case's own distance: the map says where it comes from. Images must show the same view in much the same place. Sources:
memories of patches after Roth et al., CVPR 2022 (PatchCore) and Defard et al., ICPR 2020 (PaDiM), here with the
neighbours of a whole case; band energies after Burt and Adelson, IEEE Trans. Commun. 31, 1983 (Laplacian pyramid).
Options under ``network.``: ``features`` (of a cell and channel: the bands and one), ``cells`` (along each axis),
``memory`` (cases kept at most).
"""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from diascope.core.ports.network import Network, Option, Shape, Sizing, any_size

NEIGHBOURS = 5
"""Normal cases that a case is compared with (chosen here: 1, 5 and 9 give the same within .001, docs/lab-log.md)."""
FINEST = 0.7
"""Standard deviation of the finest Gaussian in pixels; each band's is twice that of the one before."""
LEAST_ENERGY = 1e-3
"""Of a normalised image's variance, below which a band counts as empty (chosen here, docs/lab-log.md)."""
MOST_CELLS = {2: 16, 3: 8}
LEAST_CELL = 4
"""Pixels along each edge of a cell, at least, and most cells along an axis (chosen here; docs/lab-log.md)."""
MOST_CASES = 2000
"""Cases that are kept (chosen here: the distances of a case to all of them then take milliseconds)."""
SPREAD_FLOOR = 0.01
"""A feature that never varies in a cell counts as varying by this share of its spread in all cells (chosen here)."""

OPTIONS = {
    "features": Option(list[int], "channels of each level"),
    "cells": Option(list[int] | None, "cells of 4 voxels, at most 16 (2-D) or 8 (3-D) along an axis"),
    "memory": Option(int | None, "normal cases that are kept, evenly spread where there are more"),
}


def blur(x: Tensor, sigma: float) -> Tensor:
    """Return ``(B, C, I, J[, K])`` smoothed by a Gaussian along every axis, borders repeated."""
    line = torch.exp(-0.5 * (torch.arange(-_radius(sigma), _radius(sigma) + 1, device=x.device) / sigma) ** 2)
    line = line / line.sum()
    ndim, channels = x.dim() - 2, x.shape[1]
    convolve = functional.conv2d if ndim == 2 else functional.conv3d
    for axis in range(ndim):
        shape, pad = [1] * (ndim + 2), [0] * (2 * ndim)
        shape[2 + axis] = len(line)
        pad[2 * (ndim - 1 - axis) : 2 * (ndim - axis)] = [_radius(sigma)] * 2
        kernel = line.reshape(shape).expand(channels, *shape[1:]).contiguous()
        x = convolve(functional.pad(x, pad, mode="replicate"), kernel, groups=channels)
    return x


def _radius(sigma: float) -> int:
    return max(1, round(3 * sigma))


class Memory(nn.Module):
    """Features of normal cases and the distance to them.

    Attributes:
        kept: ``(M, F, *cells)`` standardised features; only the first ``filled`` count.
        centre, spread: ``(1, F, *cells)`` of the training cases.
    """

    kept: Tensor
    filled: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.cells = tuple(int(n) for n in shape.options["cells"])
        self.bands = int(shape.options["features"][0]) - 1
        number = shape.inputs * (self.bands + 1)
        self.register_buffer("kept", torch.zeros(int(shape.options["memory"]), number, *self.cells))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))
        self.register_buffer("centre", torch.zeros(1, number, *self.cells))
        self.register_buffer("spread", torch.ones(1, number, *self.cells))

    def describe(self, x: Tensor) -> Tensor:
        """Return an image's features ``(B, F, *cells)``."""
        pool: Any = functional.adaptive_avg_pool2d if len(self.cells) == 2 else functional.adaptive_avg_pool3d
        found, before = [], x.float().contiguous()
        for band in range(self.bands):
            smooth = blur(before, FINEST * 2**band)
            found.append(torch.log(pool((before - smooth).square(), self.cells) + LEAST_ENERGY))
            before = smooth
        return torch.cat([*found, pool(before, self.cells)], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the squared distance to the nearest kept cases, ``(B, 1, I, J[, K])``."""
        with torch.autocast(x.device.type, enabled=False):  # differences of near features need their digits
            far = self.distances((self.describe(x) - self.centre) / self.spread)
            mode = "bilinear" if len(self.cells) == 2 else "trilinear"
            return functional.interpolate(far[:, None], size=x.shape[2:], mode=mode, align_corners=False)

    def distances(self, found: Tensor, *, own: bool = False) -> Tensor:
        """Return the mean squared distance to the nearest kept cases ``(B, *cells)``.

        Args:
            found: standardised features ``(B, F, *cells)``.
            own: the cases are themselves kept, so that each one's nearest, itself, is passed over.
        """
        kept = self.kept[: max(1, int(self.filled))]
        far = torch.cdist(found.flatten(1)[None], kept.flatten(1)[None])[0]
        first = int(own and len(kept) > 1)
        nearest = far.topk(min(NEIGHBOURS + first, len(kept)), largest=False).indices[:, first:]
        return torch.stack([(f[None] - kept[n]).square().mean(1).mean(0) for f, n in zip(found, nearest, strict=True)])


@torch.no_grad()
def _finish(module: Memory, batches: Callable[[], Iterable[Tensor]]) -> NDArray[np.float64]:
    """Fill the memory and return each training case's own score, the case itself left out of the memory."""
    found = torch.cat([module.describe(x) for x in batches()])
    centre, spread = found.mean(0, keepdim=True), found.std(0, keepdim=True, unbiased=False)
    overall = found.std((0, *range(2, found.dim())), keepdim=True, unbiased=False)
    spread = torch.maximum(spread, SPREAD_FLOOR * overall).clamp_min(1e-6)
    standard = (found - centre) / spread
    count = min(len(found), len(module.kept))
    rows = torch.linspace(0, len(found) - 1, count).round().long().to(found.device)
    module.centre.copy_(centre)
    module.spread.copy_(spread)
    module.kept[:count].copy_(standard[rows])
    module.filled.fill_(count)
    kept = set(rows.tolist())
    return np.array([float(module.distances(one[None], own=i in kept).mean()) for i, one in enumerate(standard)])


def _choices(sizing: Sizing) -> list[dict[str, Any]]:
    most = MOST_CELLS[len(sizing.patch)]
    cells = [max(1, min(most, n // LEAST_CELL)) for n in sizing.patch]
    edge, bands = max(n / c for n, c in zip(sizing.patch, cells, strict=True)), 1
    while FINEST * 2**bands < edge:
        bands += 1
    return [{"features": [bands + 1], "cells": cells, "memory": max(1, min(sizing.cases, MOST_CASES))}]


def _kept_numbers(shape: Shape) -> float:
    features = shape.inputs * int(shape.options["features"][0])
    return float((int(shape.options["memory"]) + 2) * features * prod(shape.options["cells"]))


def _operations(shape: Shape) -> float:
    """Count the smoothing of each band and the distances to all kept cases."""
    bands = int(shape.options["features"][0]) - 1
    weights = sum(2 * _radius(FINEST * 2**band) + 1 for band in range(bands))
    return shape.inputs * prod(shape.patch) * shape.ndim * weights + _kept_numbers(shape)


NETWORK = Network(
    "memory",
    dense=True,
    build=Memory,
    activations=lambda shape: 4.0 * shape.inputs * prod(shape.patch) + _kept_numbers(shape),
    parameters=lambda shape: 0.0,
    operations=_operations,
    options=OPTIONS,
    choices=_choices,
    multiples=any_size,
    learns=False,
    finish=_finish,
)
