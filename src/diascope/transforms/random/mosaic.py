"""Put an image together of parts of several ones, cut at one point (after Bochkovskiy et al. 2020, without resizing)."""

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
    """Which sample ``(B, 2 ** n)`` each part comes from, and the first voxel ``(B, n)`` after the cut."""

    source: Tensor
    cut: Tensor


def _draw(rng: Generator, shape: tuple[int, ...], options: Mapping[str, Any]) -> Params | None:
    batch, size = shape[0], shape[2:]
    if batch < 2:
        return None
    source = torch.randint(batch, (batch, 2 ** len(size)), generator=rng, device=rng.device)
    source[:, 0] = torch.arange(batch, device=rng.device)
    extent = torch.tensor(size, device=rng.device)
    return Params(source, (uniform(rng, (batch, len(size)), MARGIN, 1 - MARGIN) * extent).long())


def _apply(images: Tensor, params: Params) -> Tensor:
    """Take each part from where it lay in its own image: nothing is shifted, so borders stay borders."""
    out = images.clone()
    for sample, (sources, cut) in enumerate(zip(params.source.tolist(), params.cut.tolist(), strict=True)):
        for number, region in enumerate(_regions(cut, images.shape[2:])):
            if sources[number] != sample:
                where = (slice(None), *(slice(a, b) for a, b in region))
                out[sample][where] = images[sources[number]][where]
    return out


def _move_boxes(boxes: Tensor, params: Params, size: tuple[int, ...]) -> Tensor:
    found = []
    for sources, cut in zip(params.source.tolist(), params.cut.tolist(), strict=True):
        parts = []
        for number, region in enumerate(_regions(cut, size)):
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
