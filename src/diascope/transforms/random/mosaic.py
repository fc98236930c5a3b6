"""Put an image together of parts of several ones, cut at one point (Bochkovskiy et al. 2020, but without resizing)."""

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from diascope.core.ports.transform import RandomTransform
from diascope.transforms.random._boxes import compact, keep_within
from diascope.transforms.random._draw import uniform

MARGIN = 0.2
"""Share of each axis at both ends where no cut falls, so that no part is a sliver (chosen here)."""


class Params(NamedTuple):
    """Which sample ``(B, 2 ** n)`` each part comes from, and the first voxel ``(B, n)`` after the cut.

    Axes that are not cut have their size there; the parts beyond it are empty.
    """

    source: Tensor
    cut: Tensor


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params | None:
    """Return parts of as many samples as there are, all different: else a box would be cut where its image is not.

    A small batch is cut along fewer axes, the same ones in all its samples.
    """
    batch, size = shape[0], shape[2:]
    count = min(len(size), batch.bit_length() - 1)
    if count < 1:
        return None
    chosen = torch.randperm(len(size), generator=rng, device=rng.device)[:count].tolist()
    extent = torch.tensor(size, device=rng.device)
    cut = extent.expand(batch, -1).clone()
    cut[:, chosen] = (uniform(rng, (batch, count), MARGIN, 1 - MARGIN) * extent[chosen]).long()
    others = torch.rand((batch, batch), generator=rng, device=rng.device)
    others.fill_diagonal_(-1.0)
    order = others.argsort(1)
    place = [sum(bits[axis] << k for k, axis in enumerate(chosen)) for bits in product((0, 1), repeat=len(size))]
    return Params(order[:, place], cut)


def _apply(images: Tensor, params: Params) -> Tensor:
    """Take each part from where it lay in its own image: nothing is shifted, so borders stay borders."""
    out = images.clone()
    for sample, (sources, cut) in enumerate(zip(params.source.tolist(), params.cut.tolist(), strict=True)):
        for number, region in enumerate(_regions(cut, images.shape[2:])):
            if sources[number] != sample and all(a < b for a, b in region):
                where = (slice(None), *(slice(a, b) for a, b in region))
                out[sample][where] = images[sources[number]][where]
    return out


def _move_boxes(boxes: Tensor, params: Params, size: tuple[int, ...]) -> Tensor:
    found = []
    for sources, cut in zip(params.source.tolist(), params.cut.tolist(), strict=True):
        parts = []
        for number, region in enumerate(_regions(cut, size)):
            if any(a == b for a, b in region):
                continue
            first, last = (boxes.new_tensor([ends[side] for ends in region]) for side in (0, 1))
            parts.append(keep_within(boxes[sources[number]], first, last))
        found.append(torch.cat(parts))
    return compact(torch.stack(found))


def _regions(cut: list[int], size: tuple[int, ...] | torch.Size) -> list[tuple[tuple[int, int], ...]]:
    """Return the first and last (exclusive) voxel of each part along each axis."""
    return list(product(*(((0, c), (c, n)) for c, n in zip(cut, size, strict=True))))


TRANSFORM = RandomTransform(
    "mosaic",
    "exact",
    5,
    {"mosaic": "1 puts images together of parts of several ones, cut at one point; for boxes and label maps"},
    {},
    _draw,
    _apply,
    _move_boxes,
)
