"""Likelihood of the interval in which the event falls (Prentice and Gloeckler, Biometrics 34, 1978).

An output is the logarithm of the hazard summed over its interval: a case at risk at the interval's begin is free of the
event at its end with the chance ``exp(-exp(output))``. If the outputs of two cases differ by the same amount in all
intervals, their hazards are proportional, as in Cox's model; nothing forces them to.

Option under ``loss.``: ``horizons``, the ends of the intervals, rising, one for each output. What happens after the
last one counts as censored there; a censoring within an interval counts for the intervals before it. An event at the
very end of an interval falls in it; a censored case that was seen up to that end has passed it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from diascope.core.ports.loss import Loss

LARGEST = 12.0
"""Of an output's logarithm (chosen here): exp(-exp(12)) is 0 in double precision already, and its gradient too."""

SMALLEST = 1e-12


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    ends = torch.tensor([float(h) for h in options.get("horizons") or ()])

    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss a case of outputs ``(B, O)`` and targets ``(B, 2)``: time and event, nan where missing."""
        known = ~target.isnan().any(1)
        if not bool(known.any()):
            return outputs.sum() * 0.0
        time, event = target[known].float().unbind(1)
        hazard = outputs[known].float().clamp(max=LARGEST).exp()
        within, passed_by = (torch.bucketize(time.contiguous(), ends.to(time.device), right=r) for r in (False, True))
        interval = torch.where(event > 0, within, passed_by)[:, None]
        column = torch.arange(hazard.shape[1], device=hazard.device)
        passed = (hazard * (column < interval)).sum(1)
        fell = torch.log(-torch.expm1(-hazard) + SMALLEST)
        struck = (fell * ((column == interval) & (event[:, None] > 0))).sum(1)
        return (passed - struck).mean()

    return compute


LOSS = Loss("discrete_hazards", _build)
