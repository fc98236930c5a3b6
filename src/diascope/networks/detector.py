"""Anchor-free detector: a residual trunk, levels joined from coarse to fine, and boxes from the finest ones.

Each place of a level's grid gives a score for each class and the distances to the sides of its box, in strides of that
level (Tian et al. 2019, FCOS; Feng et al. 2021, TOOD, for two towers; Lin et al. 2017, for joining levels).

Options under ``network.``: ``pooling`` (voxels along each axis averaged into one before anything else), ``features``,
``strides``, ``blocks`` (one a level; strides a tuple), ``box_levels`` (numbers of the levels that give boxes) and
``norm`` (``batch``, or ``group`` for small batches).
"""

from collections.abc import Mapping, Sequence
from math import log, log2, prod
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from diascope.core.errors import OptionError
from diascope.core.ports.network import Network, Option, Shape, Sizing
from diascope.networks._levels import multiples

PRIOR = 0.01
"""Score of every place before training: the many empty ones must not drown the rest (Lin et al. 2017, RetinaNet)."""

GROUPS = 8
START_STRIDES = 2.0
"""Half edge of a box before training, in strides (chosen here: assignment then begins with boxes that overlap)."""

CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
BATCH_NORMS = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOLINGS = {2: functional.avg_pool2d, 3: functional.avg_pool3d}
NORMS = ("batch", "group")

WIDTHS = {2: (48, 32, 24, 16), 3: (32, 24, 16, 8)}
DEEPEST = 8
"""Features of a level at most, in widths of the first."""
PLACES_A_BOX = 4.0
"""Places of the finest level along the edge of a small box (the 10th percentile). Chosen here: on bccd, 72 pixels, this
gives strides of 16 and 32 pixels; others were not compared."""
COARSEST, POOLED_FROM = 32, 8
LEAST_LEVELS = 4
WIDE_RANGE = 4.0
"""Large boxes (90th percentile) so many times as large as small ones get a third level of their own (chosen here)."""

PACE = {2: 1.6, 3: 0.6}
"""Measured on two cores: 1899 steps on bccd where 1141 were foretold, 750 to 890 a fold on sts_petct (one core) where
1300 were (docs/lab-log.md)."""

OPTIONS = {
    "pooling": Option(
        list[int] | None, "where all boxes are large the image is averaged first: finer detail costs time"
    ),
    "features": Option(list[int], "channels of each level"),
    "strides": Option(list[list[int]] | None, "halved until a small box is four places wide, and further for context"),
    "blocks": Option(list[int] | None, "most where the boxes are found"),
    "box_levels": Option(list[int] | None, "from the level at which a small box is four places wide"),
    "norm": Option(
        Literal["instance", "batch", "group"] | None, "batch; group, which costs more time, where batches are tiny"
    ),
}


def _norm(ndim: int, features: int, name: str) -> nn.Module:
    return BATCH_NORMS[ndim](features) if name == "batch" else nn.GroupNorm(GROUPS, features)


def _layer(ndim: int, before: int, features: int, *, kernel: int = 3, stride: Sequence[int] | int = 1, norm: str):
    convolution = CONVOLUTIONS[ndim](
        before, features, kernel, stride if isinstance(stride, int) else tuple(stride), kernel // 2, bias=False
    )
    return nn.Sequential(convolution, _norm(ndim, features, norm), nn.SiLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, ndim: int, features: int, norm: str) -> None:
        super().__init__()
        self.first = _layer(ndim, features, features, norm=norm)
        self.second = _layer(ndim, features, features, norm=norm)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return x + self.second(self.first(x))


class Towers(nn.Module):
    """Scores and distances of one level's places."""

    def __init__(self, ndim: int, features: int, classes: int, norm: str) -> None:
        super().__init__()
        self.scores = nn.Sequential(*(_layer(ndim, features, features, norm=norm) for _ in range(2)))
        self.boxes = nn.Sequential(*(_layer(ndim, features, features, norm=norm) for _ in range(2)))
        self.score = CONVOLUTIONS[ndim](features, classes, 1)
        self.distance = CONVOLUTIONS[ndim](features, 2 * ndim, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(_bias(self.score), -log((1 - PRIOR) / PRIOR))
        nn.init.normal_(self.distance.weight, std=0.01)
        nn.init.constant_(_bias(self.distance), START_STRIDES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(B, classes, …)`` and distances ``(B, 2 ndim, …)`` above 0, float32: they become voxels."""
        scores, boxes = self.scores(x), self.boxes(x)
        with torch.autocast(x.device.type, enabled=False):
            return self.score(scores.float()), functional.softplus(self.distance(boxes.float()))


def _bias(convolution: nn.Module) -> Tensor:
    bias = convolution.bias
    if not isinstance(bias, Tensor):
        raise TypeError("the convolution has no bias")
    return bias


class Detector(nn.Module):
    """See the module's docstring; ``forward`` gives one column a place."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        ndim, options = shape.ndim, shape.options
        norm, features = str(options["norm"]), [int(f) for f in options["features"]]
        if norm not in NORMS:
            raise OptionError("the detector has no such network.norm", expected=" or ".join(NORMS), got=norm)
        self.pooling = tuple(int(p) for p in options["pooling"])
        self.steps = _steps(shape)
        self.box_levels = sorted(int(n) for n in options["box_levels"])
        self.levels = nn.ModuleList()
        for before, after, stride, blocks in zip(
            [shape.inputs, *features], features, options["strides"], options["blocks"], strict=False
        ):
            residuals = [Residual(ndim, after, norm) for _ in range(int(blocks))]
            self.levels.append(nn.Sequential(_layer(ndim, before, after, stride=stride, norm=norm), *residuals))
        width, first = _width(shape), self.box_levels[0]
        self.side = nn.ModuleList(_layer(ndim, f, width, kernel=1, norm=norm) for f in features[first:])
        self.join = nn.ModuleList(_layer(ndim, width, width, norm=norm) for _ in features[first:])
        self.towers = nn.ModuleList(Towers(ndim, width, shape.outputs, norm) for _ in self.box_levels)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, classes + 3 ndim + 1, places)`` float32.

        Class logits, the box's low and high corners and the place's centre in voxels of the patch, and its stride.
        """
        if prod(self.pooling) > 1:
            x = POOLINGS[len(self.pooling)](x, self.pooling, ceil_mode=True)
        trunk = []
        for level in self.levels:
            x = level(x)
            trunk.append(x)
        joined = self._joined(trunk[self.box_levels[0] :])
        found = []
        for towers, number in zip(self.towers, self.box_levels, strict=True):
            scores, distances = towers(joined[number - self.box_levels[0]])
            found.append(torch.cat([scores.flatten(2), self._boxes(distances, self.steps[number])], 1))
        return torch.cat(found, 2)

    def _joined(self, trunk: list[Tensor]) -> list[Tensor]:
        """Return each level with what the coarser ones saw."""
        joined, above = [], None
        for level, side, join in reversed(list(zip(trunk, self.side, self.join, strict=True))):
            own = side(level)
            if above is not None:
                own = own + functional.interpolate(above, size=own.shape[2:], mode="nearest")
            above = join(own)
            joined.insert(0, above)
        return joined

    @staticmethod
    def _boxes(distances: Tensor, steps: tuple[int, ...]) -> Tensor:
        """Return low, high, centre and stride ``(B, 3 ndim + 1, places)`` in voxels."""
        size, ndim = distances.shape[2:], len(steps)
        axes = [(torch.arange(n, device=distances.device) + 0.5) * s for n, s in zip(size, steps, strict=True)]
        centre = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1).float()[None]
        step = torch.tensor(steps, device=distances.device, dtype=torch.float32)[None, :, None]
        low, high = distances.flatten(2).split(ndim, 1)
        centre = centre.expand(len(distances), -1, -1)
        stride = torch.full_like(centre[:, :1], prod(steps) ** (1 / ndim))
        return torch.cat([centre - low * step, centre + high * step, centre, stride], 1)


def _steps(shape: Shape) -> list[tuple[int, ...]]:
    """Return the voxels of the patch between two places of each level, along each axis."""
    step, found = [int(p) for p in shape.options["pooling"]], []
    for stride in shape.options["strides"]:
        step = [n * int(s) for n, s in zip(step, stride, strict=True)]
        found.append(tuple(step))
    return found


def _width(shape: Shape) -> int:
    """Return the features of the joined levels and towers: those of the finest level that gives boxes, at most 96."""
    return min(96, int(shape.options["features"][min(shape.options["box_levels"])]))


def _convolutions(shape: Shape) -> list[tuple[float, float, float]]:
    """Return weights, output voxels and output features of each convolution."""
    options, kernel, found = shape.options, 3.0**shape.ndim, []
    voxels = [float(prod(-(-n // s) for n, s in zip(shape.patch, step, strict=True))) for step in _steps(shape)]
    before = shape.inputs
    for features, blocks, size in zip(options["features"], options["blocks"], voxels, strict=True):
        found.append((before * features * kernel, size, features))
        found += [(features * features * kernel, size, features)] * (2 * int(blocks))
        before = features
    width, first = _width(shape), min(options["box_levels"])
    for features, size in zip(options["features"][first:], voxels[first:], strict=True):
        found += [(features * width, size, width), (width * width * kernel, size, width)]
    for number in options["box_levels"]:
        found += [(width * width * kernel, voxels[number], width)] * 4
        found.append((width * (shape.outputs + 2 * shape.ndim), voxels[number], shape.outputs + 2 * shape.ndim))
    return found


def _choices(sizing: Sizing) -> list[dict[str, Any]]:
    ndim = len(sizing.patch)
    finest, levels = _wanted(sizing)
    pooling = [max(1, n // POOLED_FROM) for n in finest]
    halvings = [round(log2(n // p)) for n, p in zip(finest, pooling, strict=True)]
    before = max(1, *halvings)
    strides = [[2 if n >= before - h else 1 for h in halvings] for n in range(before)]
    strides += [[2] * ndim] * max(levels - 1, LEAST_LEVELS - before)
    blocks = [0, *(1 if n < before - 1 else 2 for n in range(1, len(strides)))]
    return [
        {
            "pooling": pooling,
            "features": [min(base * 2**n, base * DEEPEST) for n in range(len(strides))],
            "strides": strides,
            "blocks": blocks,
            "box_levels": list(range(before - 1, before - 1 + levels)),
            "norm": "batch",
        }
        for base in WIDTHS[ndim]
    ]


def _wanted(sizing: Sizing) -> tuple[list[int], int]:
    """Return the finest stride along each axis in voxels, a power of two, and how many levels give boxes."""
    numbers = sizing.fingerprint.targets.get(sizing.target_name)
    edges = numbers.box_edges if numbers else None
    if edges is None:
        return [4] * len(sizing.patch), 2
    small = [edge / step for edge, step in zip(edges.p10, sizing.steps, strict=True)]
    finest = [min(COARSEST, 2 ** int(log2(max(1.0, n / PLACES_A_BOX)))) for n in small]
    spread = max(large / max(edge, 1e-6) for large, edge in zip(edges.p90, edges.p10, strict=True))
    return finest, 3 if spread >= WIDE_RANGE else 2


def _multiples(options: Mapping[str, Any], ndim: int) -> list[int]:
    return [n * m for n, m in zip(options["pooling"], multiples(options["strides"]), strict=True)]


NETWORK = Network(
    "detector",
    dense=False,
    build=Detector,
    activations=lambda shape: sum(3 * features * voxels for _, voxels, features in _convolutions(shape)),
    parameters=lambda shape: sum(weights for weights, _, _ in _convolutions(shape)),
    operations=lambda shape: sum(weights * voxels for weights, voxels, _ in _convolutions(shape)),
    options=OPTIONS,
    choices=_choices,
    multiples=_multiples,
    pace=PACE,
)
