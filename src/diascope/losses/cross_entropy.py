"""Cross-entropy of classes that exclude each other; cases whose class is missing add nothing.

Options under ``loss.``: ``class_weights`` (one a class, or None), ``label_smoothing`` (0..1, Szegedy et al. 2016).
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
        """Return the loss of logits ``(B, O)`` and class shares ``(B, O)`` (one-hot or mixed)."""
        known = ~target.isnan().any(1)
        if not bool(known.any()):
            return logits.sum() * 0.0
        weight = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=logits.device)
        return functional.cross_entropy(
            logits[known].float(), target[known].float(), weight=weight, label_smoothing=smoothing
        )

    return compute


LOSS = Loss("cross_entropy", _build)
