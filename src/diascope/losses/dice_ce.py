"""Soft Dice over the foreground of the whole batch plus cross-entropy (Isensee et al. 2021; MONAI's DiceCELoss).

Options under ``loss.``: ``class_weights`` (one a class, or None) weigh the cross-entropy, ``label_smoothing`` (0..1)
moves its targets towards all classes alike; Dice sees the labels as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from monai.losses.dice import DiceCELoss
from torch import Tensor

from diascope.core.ports.loss import Loss


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    weights = options.get("class_weights")
    smoothing = float(options.get("label_smoothing", 0.0))
    criterion = DiceCELoss(
        include_background=False, to_onehot_y=True, softmax=True, batch=True, label_smoothing=smoothing
    )
    criterion.cross_entropy.weight = None if weights is None else torch.tensor(weights, dtype=torch.float32)

    def compute(logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of logits ``(B, O, I, J[, K])`` and class indices ``(B, I, J[, K])``."""
        criterion.to(logits.device)
        return criterion(logits.float(), target[:, None])

    return compute


LOSS = Loss("dice_ce", _build)
