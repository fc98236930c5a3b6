"""A network: how it is built from a plan, and what memory it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """What a network is built for.

    Attributes:
        ndim: spatial axes, 2 or 3; inputs, outputs: channels; patch: voxels along each spatial axis.
        options: the plan's values under ``network.``.
    """

    ndim: int
    inputs: int
    outputs: int
    patch: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Network:
    """One network family.

    Attributes:
        name: the plug-in's name.
        dense: it gives a value a voxel (``(B, O, I, J[, K])``); else one vector a case (``(B, O)``).
        build: ``shape -> torch.nn.Module`` whose ``forward`` takes ``(B, C, I, J[, K])`` float and returns logits; in
            training mode a dense network may return a list, full resolution first (deep supervision).
        activations: ``shape -> elements`` that one case's forward pass keeps for the backward pass.
        parameters: ``shape -> number`` of weights.
        operations: ``shape -> multiply-adds`` of one case's forward pass.
    """

    name: str
    dense: bool
    build: Callable[[Shape], Any]
    activations: Callable[[Shape], float]
    parameters: Callable[[Shape], float]
    operations: Callable[[Shape], float]
