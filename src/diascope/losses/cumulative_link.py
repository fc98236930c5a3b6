"""Negative log-likelihood of ordered grades under a cumulative-link model (McCullagh, J. R. Stat. Soc. B 42, 1980).

The first output is the log-odds of exceeding the lowest grade; each further one says, by its softplus, how much the
log-odds of exceeding the next grade fall. So the chances to reach a grade never rise along the scale, whatever the
network gives. ``diascope.calibration.ordinal`` decodes the same outputs.

Option under ``loss.``: ``label_smoothing`` (0..1: grades move towards all alike).
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from diascope.core.ports.loss import Loss

SMALLEST_FALL = 1e-6
"""Keeps the chance of a grade above 0, and its logarithm finite in single precision (chosen here)."""


def log_probabilities(outputs: Tensor) -> Tensor:
    """Return the log-probability of each grade ``(B, O + 1)`` for outputs ``(B, O)``.

    A grade lies between two log-odds a > b: sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)).
    """
    first = outputs[:, :1].float()
    falls = functional.softplus(outputs[:, 1:].float()) + SMALLEST_FALL
    odds = torch.cat([first, first - falls.cumsum(1)], 1)
    reached, passed = functional.logsigmoid(odds), functional.logsigmoid(-odds)
    between = torch.log(-torch.expm1(-falls))
    zero = torch.zeros_like(first)
    return torch.cat([zero, reached], 1) + torch.cat([passed, zero], 1) + functional.pad(between, (1, 1))


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    smoothing = float(options.get("label_smoothing") or 0.0)

    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss of outputs ``(B, O)`` and targets ``(B, O)``: each grade reached or not, nan if missing."""
        known = ~target.isnan().any(1)
        if not bool(known.any()):
            return outputs.sum() * 0.0
        log = log_probabilities(outputs[known])
        reached = functional.pad(target[known].float(), (1, 0), value=1.0)
        share = reached - functional.pad(reached[:, 1:], (0, 1))
        share = share * (1 - smoothing) + smoothing / share.shape[1]
        return -(share * log).sum(1).mean()

    return compute


LOSS = Loss("cumulative_link", _build)
