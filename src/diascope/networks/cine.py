"""One vector a clip: a residual network over each frame, in which neighbouring frames are mixed at every level.

The input holds the frames as planes, ``(B, C * T, I, J[, K])``, the time running fastest. All frames share one residual
encoder (He et al. 2016). After each level but the first, where it would take longer than the encoder, every place takes
in its own features of two other frames, 1, 2 and 4 frames away (a convolution over time, factorised as by Tran et al.
2018, one a feature, dilated as by Bai et al. 2018): it sees motion where it happens, which a summary of whole frames no
longer holds. At the end each frame is pooled over space, frames attend to each other (Vaswani et al. 2017, with a
learnt code of each frame's place in time), and are averaged by learnt weights.

Options under ``network.``: those of the network of single frames (``resnet``); ``frames`` (T); ``temporal``:
``attention``, or ``none`` for the mean over frames that are looked at singly, which is what a network can know without
motion.
"""

from typing import Any, Literal

import torch
from monai.networks.nets.resnet import ResNet
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from diascope.core.errors import OptionError
from diascope.core.ports.network import Network, Option, Shape, Sizing, any_size
from diascope.networks import resnet
from diascope.networks._scaled import scaling

TEMPORAL = ("attention", "none")
OPTIONS = {
    **resnet.OPTIONS,
    "frames": Option(int | None, "those of preprocess.frames: the planes are unfolded into them"),
    "temporal": Option(
        Literal["attention", "none"] | None, "frames in their order: a motion may be what tells cases apart"
    ),
}
HEADS = 4
CHANGE = 0.5
"""What the difference over time counts at the start, of either sign. Weights that start at zero, so that the network
begins as one of single frames, learnt 300 films by heart: AUROC .50 on others after 150 steps; at .5 it was .90 after
50 (docs/lab-log.md)."""
CODE_DEVIATION = 0.02
"""Of the learnt codes of time at the start (Dosovitskiy et al. 2021)."""


class TimeMix(nn.Module):
    """Add to each feature its values some frames before and after, by learnt weights; at first their difference.

    What does not move thus passes unchanged at first. Outside of the clip stands its first or last frame.
    """

    def __init__(self, features: int, distance: int) -> None:
        super().__init__()
        self.distance = distance
        sign = torch.randint(0, 2, (features,)) * 2.0 - 1
        self.weights = nn.Parameter(torch.stack([-sign, sign]) * CHANGE)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Return ``(B * T, F, I, J[, K])`` like the input."""
        distance = min(self.distance, frames - 1)
        if distance == 0:
            return x
        series = x.unflatten(0, (-1, frames))
        before, after = self.weights.view(2, 1, 1, -1, *[1] * (x.ndim - 2)).to(x.dtype)
        held = (-1, distance, *x.shape[1:])
        earlier = torch.cat([series[:, :1].expand(held), series[:, :-distance]], 1)
        later = torch.cat([series[:, distance:], series[:, -1:].expand(held)], 1)
        return (series + before * earlier + after * later).flatten(0, 1)


class FrameAttention(nn.Module):
    """Let frames look at each other, then average them by learnt weights."""

    def __init__(self, features: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.randn(1, frames, features) * CODE_DEVIATION)
        self.norm = nn.LayerNorm(features)
        self.queries = nn.Linear(features, 3 * features)
        self.mix = nn.Linear(features, features)
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Linear(features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, F)`` of frames ``(B, T, F)``."""
        b, t, f = x.shape
        queries, keys, values = self.queries(self.norm(x + self.code)).view(b, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(queries, keys, values).transpose(1, 2).reshape(b, t, f)
        x = x + self.dropout(self.mix(seen))
        return (x * self.weight(x).softmax(1)).sum(1)


class CineNetwork(nn.Module):
    """Frames through one encoder, mixed over time, then one vector of logits."""

    def __init__(self, trunk: ResNet, shape: Shape) -> None:
        super().__init__()
        features = [int(f) for f in shape.options["features"]]
        self.trunk, self.frames = trunk, int(shape.options["frames"])
        is_temporal = shape.options["temporal"] != "none"
        self.mixes = nn.ModuleList([TimeMix(f, 2**n) for n, f in enumerate(features[1:])] if is_temporal else [])
        width = 2 * features[-1]
        self.attention = FrameAttention(width, self.frames, float(shape.options["dropout"])) if is_temporal else None
        self.average = nn.AdaptiveAvgPool2d(1) if shape.ndim == 2 else nn.AdaptiveAvgPool3d(1)
        self.maximum = nn.AdaptiveMaxPool2d(1) if shape.ndim == 2 else nn.AdaptiveMaxPool3d(1)
        self.dropout = nn.Dropout(float(shape.options["dropout"]))
        self.head = nn.Linear(width, shape.outputs)
        self.scaling = scaling(shape.options, shape.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, or numbers in their own unit, ``(B, O)``."""
        t, planes = self.trunk, x.unflatten(1, (-1, self.frames))
        x = planes.transpose(1, 2).flatten(0, 1).contiguous()  # (B * T, C, I, J[, K])
        x = t.act(t.bn1(t.conv1(x)))
        for number, level in enumerate((t.layer1, t.layer2, t.layer3, t.layer4)):
            x = level(x)
            if number and len(self.mixes):
                x = self.mixes[number - 1](x, self.frames)
        pooled = torch.cat([self.average(x).flatten(1), self.maximum(x).flatten(1)], 1)
        series = pooled.unflatten(0, (-1, self.frames))
        if self.attention is None:
            return self.scaling(self.head(self.dropout(series)).mean(1))
        return self.scaling(self.head(self.dropout(self.attention(series))))


def _build(shape: Shape) -> CineNetwork:
    options, frames = shape.options, int(shape.options["frames"] or 0)
    if options["temporal"] not in TEMPORAL:
        got = options["temporal"]
        raise OptionError("the cine network has no such network.temporal", expected=" or ".join(TEMPORAL), got=got)
    if frames < 1 or shape.inputs % frames:
        expected = f"a number that divides the {shape.inputs} planes"
        raise OptionError("network.frames does not fit the planes", expected=expected, got=options["frames"])
    if int(options["features"][-1]) % (HEADS // 2):
        what = "the last of network.features does not fit the heads of attention"
        raise OptionError(what, expected=f"a multiple of {HEADS // 2}", got=options["features"])
    return CineNetwork(resnet.build_trunk(shape, shape.inputs // frames), shape)


def _levels(shape: Shape) -> list[tuple[int, int, float]]:
    """Return features, blocks and voxels in all frames of each level."""
    return [(f, b, voxels * int(shape.options["frames"])) for f, b, voxels in resnet.levels_of(shape)]


def _convolutions(shape: Shape) -> list[tuple[float, float]]:
    """Return weights of each convolution or linear layer, and at how many places it is applied."""
    kernel, levels, frames = 3.0**shape.ndim, _levels(shape), int(shape.options["frames"])
    before, is_temporal = levels[0][0], shape.options["temporal"] != "none"
    found = [(shape.inputs // frames * before * kernel, levels[0][2])]
    for number, (features, blocks, voxels) in enumerate(levels):
        found.append((before * features * (kernel + 1), voxels))
        found += [(features * features * kernel, voxels)] * (2 * blocks - 1)
        found += [(2.0 * features, voxels)] * (is_temporal and number > 0)
        before = features
    width = 2 * before
    found += [(4.0 * width * width, frames), (float(frames * width), 1.0)] * is_temporal
    return found


def _choices(sizing: Sizing) -> list[dict[str, Any]]:
    """Return the choices of the network of single frames, and one that is half as wide: each case has many frames."""
    wide = [dict(options) for options in resnet.NETWORK.choices(sizing)]
    narrow = {**wide[-1], "features": [f // 2 for f in wide[-1]["features"]]}
    return [{**options, "frames": sizing.frames or 1, "temporal": "attention"} for options in (*wide, narrow)]


def _activations(shape: Shape) -> float:
    levels, is_temporal = _levels(shape), shape.options["temporal"] != "none"
    mixed = sum(4 * f * v for f, _, v in levels[1:]) if is_temporal else 0.0
    return sum(5 * f * b * v for f, b, v in levels) + mixed + 3 * levels[0][2] * levels[0][0]


NETWORK = Network(
    "cine",
    dense=False,
    build=_build,
    activations=_activations,
    parameters=lambda shape: sum(weights for weights, _ in _convolutions(shape)),
    operations=lambda shape: sum(weights * voxels for weights, voxels in _convolutions(shape)),
    options=OPTIONS,
    choices=_choices,
    multiples=any_size,
    over_time_for="resnet",
)
