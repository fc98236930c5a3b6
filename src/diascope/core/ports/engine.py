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
class Engine:
    """One engine.

    Attributes:
        name: the plug-in's name.
        load: ``(build, weights, precision, device) -> runner``; ``build`` returns the untrained module, ``weights`` is
            a safetensors file (None keeps the untrained weights), ``precision`` the plan's.
    """

    name: str
    load: Callable[[Callable[[], Any], Path | None, str, str], Runner]
