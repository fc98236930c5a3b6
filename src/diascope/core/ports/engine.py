"""An engine: what runs a trained network on arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Runner(Protocol):
    """A loaded network: ``(B, C, I, J[, K])`` float32 → logits ``(B, O, …)`` float32."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits of a batch."""
        ...


@dataclass(frozen=True)
class How:
    """The plan's ``precision`` and ``memory_format``, and the device to run on."""

    precision: str
    memory_format: str
    device: str


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        name: the plug-in's name.
        load: ``(build, weights, how) -> runner``; ``build`` returns the untrained module, ``weights`` is a safetensors
            file (None keeps the untrained weights).
        devices: names of the devices that it can run on here, of ``cpu`` and ``cuda``.
    """

    name: str
    load: Callable[[Callable[[], Any], Path | None, How], Runner]
    devices: Callable[[], tuple[str, ...]]
