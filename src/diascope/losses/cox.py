"""Cox's partial likelihood within a batch (Cox, J. R. Stat. Soc. B 34, 1972; Katzman et al., BMC Med. Res. Meth. 2018).

A case's log-risk is the logarithm of its summed hazards, ``logsumexp`` of the outputs: with one output that one itself.
Equal times are treated as Breslow does. Only cases of the batch stand for those at risk, so batches should be large.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from diascope.core.ports.loss import Loss


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss a event of outputs ``(B, O)`` and targets ``(B, 2)``: time and event, nan where missing."""
        known = ~target.isnan().any(1)
        time, event = target[known].float().unbind(1)
        if not bool(event.any()):
            return outputs.sum() * 0.0
        risk = torch.logsumexp(outputs[known].float(), 1)
        at_risk = time[None] >= time[:, None]
        total = torch.logsumexp(risk[None].expand_as(at_risk).masked_fill(~at_risk, -torch.inf), 1)
        return ((total - risk) * event).sum() / event.sum()

    return compute


LOSS = Loss("cox", _build)
