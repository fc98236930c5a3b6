"""Residual network with one vector a case (MONAI's ResNet with basic blocks; He et al. 2016).

Options under ``network.``: ``features`` and ``blocks`` (four levels each), ``first_stride``, ``dropout``;
``output_mean`` and ``output_std``, a number for each output or None, that shift and scale what the last layer gives.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import Tensor, cat, nn

from diascope.core.ports.network import Network, Option, Shape, Sizing, any_size
from diascope.networks._scaled import scaling

LEVELS = 4

WIDTHS = (64, 48, 32, 24, 16)
WIDEST = ((5_000, 16), (50_000, 32))
"""Training cases up to which the network is no wider: wider ones learnt few cases by heart (pneumoniamnist: width 32
AUC .962, width 16 .978 in fewer steps, docs/lab-log.md; the second step is chosen here)."""

OPTIONS = {
    "features": Option(list[int], "channels of each level"),
    "blocks": Option(list[int] | None, "one block a level: more images in the same time"),
    "first_stride": Option(int | None, "2 for large images: half of the resolution is enough for the first level"),
    "output_mean": Option(list[float] | None, "none: the outputs are what the last layer gives"),
    "output_std": Option(list[float] | None, "none: the outputs are what the last layer gives"),
    "dropout": Option(float | None, "before the last layer (Srivastava et al. 2014)"),
}


class ResNetClassifier(nn.Module):
    """Residual levels, then average and maximum over space side by side, dropout, and one linear layer.

    The maximum keeps what a small bright spot says, which an average over a large image washes out.
    """

    def __init__(self, trunk: ResNet, *, features: int, outputs: int, ndim: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.trunk = trunk
        self.average = nn.AdaptiveAvgPool2d(1) if ndim == 2 else nn.AdaptiveAvgPool3d(1)
        self.maximum = nn.AdaptiveMaxPool2d(1) if ndim == 2 else nn.AdaptiveMaxPool3d(1)
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(2 * features, outputs)
        self.scaling = scaling(options, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, or numbers in their own unit, ``(B, O)``."""
        t = self.trunk
        x = t.act(t.bn1(t.conv1(x)))
        x = t.layer4(t.layer3(t.layer2(t.layer1(x))))
        pooled = self.average(x).flatten(1), self.maximum(x).flatten(1)
        return self.scaling(self.head(self.dropout(cat(pooled, 1))))


def build_trunk(shape: Shape, inputs: int) -> ResNet:
    """Return the residual levels for images of so many channels."""
    return ResNet(
        block=ResNetBlock,
        layers=[int(b) for b in shape.options["blocks"]],
        block_inplanes=[int(f) for f in shape.options["features"]],
        spatial_dims=shape.ndim,
        n_input_channels=inputs,
        conv1_t_size=3,
        conv1_t_stride=int(shape.options["first_stride"]),
        no_max_pool=True,
        feed_forward=False,
    )


def _build(shape: Shape) -> ResNetClassifier:
    features = int(shape.options["features"][-1])
    trunk = build_trunk(shape, shape.inputs)
    return ResNetClassifier(trunk, features=features, outputs=shape.outputs, ndim=shape.ndim, options=shape.options)


def levels_of(shape: Shape) -> list[tuple[int, int, float]]:
    """Return features, blocks and voxels of each level."""
    first = int(shape.options["first_stride"])
    size, levels = [-(-n // first) for n in shape.patch], []
    for level, (features, blocks) in enumerate(zip(shape.options["features"], shape.options["blocks"], strict=True)):
        size = size if level == 0 else [-(-n // 2) for n in size]
        levels.append((int(features), int(blocks), float(prod(size))))
    return levels


def _convolutions(shape: Shape) -> list[tuple[float, float]]:
    """Return weights and output voxels of each convolution."""
    kernel, levels = 3.0**shape.ndim, levels_of(shape)
    before = levels[0][0]
    found = [(shape.inputs * before * kernel, levels[0][2])]
    for features, blocks, voxels in levels:
        found.append((before * features * (kernel + 1), voxels))
        found += [(features * features * kernel, voxels)] * (2 * blocks - 1)
        before = features
    return found


def _choices(sizing: Sizing) -> list[dict[str, Any]]:
    widest = next((width for most, width in WIDEST if sizing.cases <= most), WIDTHS[0])
    large = max(sizing.patch) > (96 if len(sizing.patch) == 2 else 48)
    return [
        {
            "features": [base, base * 2, base * 4, base * 4],
            "blocks": [1, 1, 1, 1],
            "first_stride": 2 if large else 1,
            "dropout": 0.2,
            "output_mean": None,
            "output_std": None,
        }
        for base in WIDTHS
        if base <= widest
    ]


NETWORK = Network(
    "resnet",
    dense=False,
    build=_build,
    activations=lambda shape: sum(5 * f * b * v for f, b, v in levels_of(shape)) + 3 * levels_of(shape)[0][2] * 32,
    parameters=lambda shape: sum(weights for weights, _ in _convolutions(shape)),
    operations=lambda shape: sum(weights * voxels for weights, voxels in _convolutions(shape)),
    options=OPTIONS,
    choices=_choices,
    multiples=any_size,
)
