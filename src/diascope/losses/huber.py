"""Huber's loss of numbers: squared for small errors, absolute for large ones, so that an outlier does not lead.

Option under ``loss.``: ``scale`` (the target's spread, in its own unit): errors are counted in it; 1 by default.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.nn import functional

from diascope.core.ports.loss import Loss

TURN = 1.0
"""Error, in scales, from which the loss grows linearly; Huber, Ann. Math. Stat. 35, 1964, uses 1 to 2."""


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    scale = float(options.get("scale") or 1.0)

    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss of outputs ``(B, O)`` and targets ``(B, O)`` in the target's unit, nan where missing."""
        known = ~target.isnan()
        if not bool(known.any()):
            return outputs.sum() * 0.0
        pair = outputs.float()[known] / scale, target.float()[known] / scale
        return functional.huber_loss(*pair, delta=TURN)

    return compute


LOSS = Loss("huber", _build)
