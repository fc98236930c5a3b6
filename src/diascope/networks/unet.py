"""U-Net with the depth, kernels and strides that the plan gives (MONAI's DynUNet; Ronneberger 2015, Isensee 2021).

Options under ``network.``: ``features`` (channels of each level), ``kernels`` and ``strides`` (one tuple a level,
the first stride being 1), ``residual`` (residual blocks), ``norm`` (``instance`` or ``batch``),
``deep_supervision`` (number of further outputs, 0 for none).
"""

from itertools import pairwise
from math import prod
from typing import Any, Literal

from monai.networks.nets.dynunet import DynUNet
from torch import Tensor

from diascope.core.errors import OptionError
from diascope.core.ports.network import Network, Option, Shape, Sizing
from diascope.networks._levels import multiples, unet_features, unet_levels

WIDTHS = (32, 24, 16, 12, 8)

OPTIONS = {
    "features": Option(list[int], "channels of each level"),
    "kernels": Option(
        list[list[int]] | None,
        "1 across slices until their spacing comes within twice the finest, then 3 (nnU-Net's rule)",
    ),
    "strides": Option(
        list[list[int]] | None,
        "each axis halved while it keeps 4 voxels and is not coarser than the others (nnU-Net's rule)",
    ),
    "residual": Option(bool | None, "plain blocks: a residual step takes as long (docs/lab-log.md)"),
    "norm": Option(Literal["instance", "batch"] | None, "instance: batches are small"),
    "deep_supervision": Option(int | None, "two further resolutions, where there are so many"),
}

NORMS = {"instance": ("INSTANCE", {"affine": True}), "batch": ("BATCH", {})}


class UNet(DynUNet):
    """MONAI's DynUNet whose training outputs are a list, full resolution first."""

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """Return logits ``(B, O, I, J[, K])``; in training mode with deep supervision a list of them."""
        out = super().forward(x)
        return list(out.unbind(1)) if self.training and self.deep_supervision else out


def _build(shape: Shape) -> UNet:
    options = shape.options
    if options["norm"] not in NORMS:
        raise OptionError("the U-Net has no such network.norm", expected=" or ".join(NORMS), got=options["norm"])
    supervised = int(options["deep_supervision"])
    strides = [tuple(s) for s in options["strides"]]
    return UNet(
        spatial_dims=shape.ndim,
        in_channels=shape.inputs,
        out_channels=shape.outputs,
        kernel_size=[tuple(k) for k in options["kernels"]],
        strides=strides,
        upsample_kernel_size=strides[1:],
        filters=list(options["features"]),
        norm_name=NORMS[options["norm"]],
        res_block=bool(options["residual"]),
        deep_supervision=supervised > 0,
        deep_supr_num=max(1, supervised),
    )


def _levels(shape: Shape) -> list[tuple[int, float, float]]:
    """Return features, voxels and kernel volume of each level."""
    size, levels = list(shape.patch), []
    for features, kernel, stride in zip(
        shape.options["features"], shape.options["kernels"], shape.options["strides"], strict=True
    ):
        size = [-(-n // s) for n, s in zip(size, stride, strict=True)]
        levels.append((int(features), float(prod(size)), float(prod(kernel))))
    return levels


def _activations(shape: Shape) -> float:
    """Count conv and norm outputs: two convolutions a level down; up-sampling, concatenation and two more up."""
    levels = _levels(shape)
    down = sum(features * voxels * 4 for features, voxels, _ in levels)
    up = sum(features * voxels * 7 for features, voxels, _ in levels[:-1])
    heads = shape.outputs * levels[0][1] * (2 + 2 * int(shape.options["deep_supervision"]))
    return down + up + heads


def _convolutions(shape: Shape) -> list[tuple[float, float]]:
    """Return weights and output voxels of each convolution."""
    levels, found = _levels(shape), []
    before = shape.inputs
    for features, voxels, kernel in levels:
        found += [(before * features * kernel, voxels), (features * features * kernel, voxels)]
        before = features
    for (features, voxels, kernel), (below, _, _) in pairwise(levels):
        found += [(below * features * 2**shape.ndim, voxels / 2**shape.ndim)]
        found += [(2 * features * features * kernel, voxels), (features * features * kernel, voxels)]
    found.append((levels[0][0] * shape.outputs, levels[0][1]))
    return found


def _choices(sizing: Sizing) -> list[dict[str, Any]]:
    kernels, strides = unet_levels(sizing.patch, sizing.steps)
    return [
        {
            "features": unet_features(base, len(strides), len(sizing.patch)),
            "kernels": kernels,
            "strides": strides,
            "residual": False,
            "norm": "instance",
            "deep_supervision": min(2, max(0, len(strides) - 2)),
        }
        for base in WIDTHS
    ]


NETWORK = Network(
    "unet",
    dense=True,
    build=_build,
    activations=_activations,
    parameters=lambda shape: sum(weights for weights, _ in _convolutions(shape)),
    operations=lambda shape: sum(weights * voxels for weights, voxels in _convolutions(shape)),
    options=OPTIONS,
    choices=_choices,
    multiples=lambda options, ndim: multiples(options["strides"]),
)
