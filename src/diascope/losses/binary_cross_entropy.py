"""Binary cross-entropy of labels that do not exclude each other; a missing label adds nothing.

Options under ``loss.``: ``class_weights`` (weight of the positive side of each label, or None),
``label_smoothing`` (0..1: targets move towards one half).
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from diascope.core.ports.loss import Loss


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    weights = options.get("class_weights")
    smoothing = float(options.get("label_smoothing", 0.0))

    def compute(logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, O)`` and targets ``(B, O)`` in 0..1, nan where missing."""
        known = ~target.isnan()
        if not bool(known.any()):
            return logits.sum() * 0.0
        weight = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=logits.device)
        smooth = target.nan_to_num().float() * (1 - smoothing) + smoothing / 2
        each = functional.binary_cross_entropy_with_logits(logits.float(), smooth, pos_weight=weight, reduction="none")
        return (each * known).sum() / known.sum()

    return compute


LOSS = Loss("binary_cross_entropy", _build)
