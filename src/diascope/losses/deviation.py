"""Mean of what a network gives, where it gives its own deviation from what it expects: a normal case has none.

There are no options and no labels: whatever the target, only the outputs count.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from diascope.core.ports.loss import Loss


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the mean of outputs ``(B, 1, I, J[, K])``, none of which is negative."""
        return outputs.float().mean()

    return compute


LOSS = Loss("deviation", _build)
