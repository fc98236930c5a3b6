"""Convolutional autoencoder: what it cannot rebuild deviates from what it has learned (Baur et al., MedIA 2021).

It gives ``(B, 1, I, J[, K])``: each voxel's squared distance from its reconstruction, averaged over the channels.
Options under ``network.``: ``features`` (channels of each level, each halving the one before) and ``code`` (channels of
the coarsest level, which all of the image must pass through).
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from diascope.core.ports.network import Network, Option, Shape, Sizing, any_size

WIDTHS = (32, 24, 16, 8)
LEAST_EDGE = 7
"""Voxels that the coarsest level keeps along each axis (chosen here: a chest X-ray of 28 pixels is halved twice)."""
MOST_LEVELS = 5
CODE = 8
"""Channels of the code (chosen here: with few, what is abnormal cannot pass; docs/lab-log.md)."""

OPTIONS = {
    "features": Option(list[int], "channels of each level"),
    "code": Option(int | None, "few channels at the coarsest level: only what is common can pass"),
}


def _block(before: int, after: int, *, ndim: int, stride: int = 1) -> nn.Sequential:
    convolution, norm = (nn.Conv2d, nn.BatchNorm2d) if ndim == 2 else (nn.Conv3d, nn.BatchNorm3d)
    return nn.Sequential(
        convolution(before, after, 3, stride, 1, bias=False), norm(after), nn.LeakyReLU(0.1, inplace=True)
    )


class Autoencoder(nn.Module):
    """Levels down to a narrow code and up again; sizes need not divide."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        features = [int(f) for f in shape.options["features"]]
        ndim, code = shape.ndim, int(shape.options["code"])
        last = nn.Conv2d if ndim == 2 else nn.Conv3d
        self.first = _block(shape.inputs, features[0], ndim=ndim)
        self.down = nn.ModuleList(_block(a, b, ndim=ndim, stride=2) for a, b in pairwise(features))
        self.narrow = last(features[-1], code, 1)
        self.widen = _block(code, features[-1], ndim=ndim)
        self.up = nn.ModuleList(_block(b, a, ndim=ndim) for a, b in reversed(list(pairwise(features))))
        self.last = last(features[0], shape.inputs, 1)

    def rebuild(self, x: Tensor) -> Tensor:
        """Return the reconstruction ``(B, C, I, J[, K])``."""
        sizes, y = [], self.first(x)
        for level in self.down:
            sizes.append(y.shape[2:])
            y = level(y)
        y = self.widen(self.narrow(y))
        for level, size in zip(self.up, reversed(sizes), strict=True):
            y = level(functional.interpolate(y, size=size, mode="nearest"))
        return self.last(y)

    def forward(self, x: Tensor) -> Tensor:
        """Return how far each voxel is from its reconstruction, ``(B, 1, I, J[, K])``."""
        return (self.rebuild(x) - x).float().square().mean(1, keepdim=True)


def levels(shape: Shape) -> list[tuple[int, float]]:
    """Return features and voxels of each level."""
    size, found = list(shape.patch), []
    for number, features in enumerate(shape.options["features"]):
        size = size if number == 0 else [-(-n // 2) for n in size]
        found.append((int(features), float(prod(size))))
    return found


def convolutions(shape: Shape) -> list[tuple[float, float]]:
    """Return weights and output voxels of each convolution."""
    kernel, each, code = 3.0**shape.ndim, levels(shape), int(shape.options["code"])
    found = [(shape.inputs * each[0][0] * kernel, each[0][1])]
    for (above, voxels), (below, fewer) in pairwise(each):
        found += [(above * below * kernel, fewer), (above * below * kernel, voxels)]
    deepest, voxels = each[-1]
    found += [(deepest * code, voxels), (deepest * code * kernel, voxels)]
    return [*found, (each[0][0] * shape.inputs, each[0][1])]


def choices(sizing: Sizing) -> Sequence[dict[str, Any]]:
    """Return the options, the widest network first."""
    halvings = 0
    while max(sizing.patch) / 2 ** (halvings + 1) >= LEAST_EDGE and halvings + 1 < MOST_LEVELS:
        halvings += 1
    return [{"features": [width * min(2**n, 4) for n in range(halvings + 1)], "code": CODE} for width in WIDTHS]


@torch.no_grad()
def _finish(module: Autoencoder, batches: Callable[[], Iterable[Tensor]]) -> NDArray[np.float64]:
    """Return each training case's mean deviation: it has learned them, but what is rare it still rebuilds badly."""
    return np.concatenate([module(x).flatten(1).mean(1).cpu().numpy() for x in batches()]).astype(np.float64)


NETWORK = Network(
    "autoencoder",
    dense=True,
    build=Autoencoder,
    activations=lambda shape: sum(7 * features * voxels for features, voxels in levels(shape)),
    parameters=lambda shape: sum(weights for weights, _ in convolutions(shape)),
    operations=lambda shape: sum(weights * voxels for weights, voxels in convolutions(shape)),
    options=OPTIONS,
    choices=choices,
    multiples=any_size,
    finish=_finish,
)
