"""A network: how it is built from a plan, and what memory it needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.documents.fingerprint import Fingerprint


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
class Sizing:
    """What a network's options are chosen by.

    Attributes:
        patch: voxels along each axis that it sees; steps: their edges in mm, or pixels where unknown.
        cases: to learn from.
        fingerprint: of these cases; target_name: of what is learned, target: its declaration.
        frames: of each clip that it sees; None where images are still.
    """

    patch: tuple[int, ...]
    steps: tuple[float, ...]
    cases: int
    fingerprint: Fingerprint
    target_name: str
    target: Target
    frames: int | None = None


@dataclass(frozen=True)
class Option:
    """One option of a network: the type of its value, and why the value is what it is."""

    type: Any
    because: str


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
        pace: spatial axes → how many times the nominal multiply-adds a second it was measured to do in training; 1
            where nothing stands.
        options: name of each option, a key under ``network.`` in the plan → its declaration. ``features`` is always
            there, the channels of its levels. Networks that share a name share its meaning and type.
        choices: ``sizing -> values of all options``, the widest network first: the planner takes the first that the
            memory and the time allow.
        multiples: ``(values of the options, ndim) -> what a patch's edges must be multiples of``.
        learns: its weights are learned by steps; False: it has none, and ``finish`` does all.
        finish: ``(module, batches) -> scores`` after the last step, where a network then has to see its training cases
            once more: ``batches()`` gives their images ``(B, C, *patch)`` unchanged and in order, on the module's
            device. It fills buffers of the averaged network, and returns how unlike the others each case is ``(N,)``,
            itself left out where that can be; None where it cannot say.
        over_time_for: the network in whose place it stands where images are clips; it unfolds their planes into frames.
    """

    name: str
    dense: bool
    build: Callable[[Shape], Any]
    activations: Callable[[Shape], float]
    parameters: Callable[[Shape], float]
    operations: Callable[[Shape], float]
    options: Mapping[str, Option]
    choices: Callable[[Sizing], Sequence[Mapping[str, Any]]]
    multiples: Callable[[Mapping[str, Any], int], Sequence[int]]
    learns: bool = True
    finish: Callable[[Any, Callable[[], Iterable[Any]]], NDArray | None] | None = None
    over_time_for: str | None = None
    pace: Mapping[int, float] = field(default_factory=dict)


def any_size(options: Mapping[str, Any], ndim: int) -> tuple[int, ...]:
    """Return ones: a patch may have any size."""
    return (1,) * ndim
