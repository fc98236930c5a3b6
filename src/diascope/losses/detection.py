"""Loss of a detector: scores that say how well a box fits, and boxes drawn to the reference (Feng et al. 2021, TOOD).

Every step each reference box takes the places that serve it best by ``score ** 0.5 · IoU ** 6``; these learn its box
(generalised IoU, Rezatofighi et al. 2019) and, as their score, how well they fit. All other places learn the score 0,
weighted by their own score (varifocal loss, Zhang et al. 2021): hard negatives count, the many easy ones hardly do.

Options under ``loss.``: ``class_weights`` (one a class, or None).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from diascope.core.errors import OptionError
from diascope.core.ports.loss import Loss

PLACES = 10
"""Places that a reference box takes at most (TOOD takes 13, YOLOv8 10)."""
SCORE_POWER, OVERLAP_POWER = 0.5, 6.0
BOX_WEIGHT = 2.5
"""Of the boxes' part beside the scores' part (YOLOv6, Li et al. 2022)."""
NEGATIVE_WEIGHT, NEGATIVE_POWER = 0.75, 2.0
"""alpha and gamma of the varifocal loss."""


class Places(NamedTuple):
    """What a detector says, apart: logits ``(B, N, C)``, boxes ``(B, N, 2n)``, centres ``(N, n)``, strides ``(N,)``."""

    logits: Tensor
    boxes: Tensor
    centres: Tensor
    strides: Tensor


def places(outputs: Tensor, ndim: int) -> Places:
    """Return the parts of ``(B, C + 3n + 1, N)``."""
    classes = outputs.shape[1] - 3 * ndim - 1
    logits, boxes, centres, strides = outputs.float().split([classes, 2 * ndim, ndim, 1], 1)
    return Places(logits.mT, boxes.mT, centres[0].mT, strides[0, 0])


def overlaps(a: Tensor, b: Tensor, *, generalised: bool = False) -> Tensor:
    """Return the IoU of boxes ``(…, 2n)`` that broadcast, or the generalised one, which is below 0 for boxes apart."""
    ndim = a.shape[-1] // 2
    low_a, high_a, low_b, high_b = a[..., :ndim], a[..., ndim:], b[..., :ndim], b[..., ndim:]
    inside = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0).prod(-1)
    union = (high_a - low_a).clamp(min=0).prod(-1) + (high_b - low_b).clamp(min=0).prod(-1) - inside
    iou = inside / union.clamp(min=1e-7)
    if not generalised:
        return iou
    hull = (torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b)).clamp(min=0).prod(-1).clamp(min=1e-7)
    return iou - (hull - union) / hull


@torch.no_grad()
def assign(found: Places, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return, for each place ``(B, N)``: whether it has a reference box, its number, and the score to learn.

    A place between several boxes goes to the one it overlaps most. Places serve a box if their centre lies in it, or
    less than a stride from its middle, so that boxes smaller than a stride are learned too.
    """
    ndim = found.centres.shape[-1]
    real = ~target[..., 0].isnan()
    boxes, labels = target[..., :-1].nan_to_num(), target[..., -1].nan_to_num().long()
    iou = overlaps(found.boxes[:, None], boxes[:, :, None])
    score = found.logits.sigmoid().mT.gather(1, labels[..., None].expand(-1, -1, found.logits.shape[1]))
    low, high = boxes[:, :, None, :ndim], boxes[:, :, None, ndim:]
    inside = ((found.centres > low) & (found.centres < high)).all(-1)
    near = ((found.centres - (low + high) / 2).abs() < found.strides[:, None]).all(-1)
    allowed = (inside | near) & real[..., None]
    fit = (score**SCORE_POWER * iou**OVERLAP_POWER + 1e-12) * allowed
    best = fit.topk(min(PLACES, fit.shape[-1]), -1)
    taken = torch.zeros_like(fit, dtype=torch.bool).scatter_(-1, best.indices, best.values > 0)
    owner = torch.where(taken, iou + 1e-6, -1.0).max(1)
    has = owner.values > 0
    mine = taken & (torch.arange(fit.shape[1], device=fit.device)[:, None] == owner.indices[:, None])
    share = (fit * mine) / (fit * mine).amax(-1, keepdim=True).clamp(min=1e-12)
    wanted = (share * (iou * mine).amax(-1, keepdim=True)).amax(1)
    return has, owner.indices, wanted


def _build(options: Mapping[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    weights = options.get("class_weights")
    if options.get("label_smoothing"):
        raise OptionError(
            "the scores of boxes are not smoothed: they say how well a box fits",
            expected="loss.label_smoothing 0",
            got=options["label_smoothing"],
        )

    def compute(outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``(B, C + 3n + 1, N)`` and boxes ``(B, M, 2n + 1)``, rows of nan being none."""
        found = places(outputs, (target.shape[-1] - 1) // 2)
        if not target.shape[1]:
            target = target.new_full((len(target), 1, target.shape[2]), float("nan"))
        has, owner, wanted = assign(found, target)
        rows = torch.arange(len(target), device=target.device)[:, None]
        mine = target[rows, owner].nan_to_num()
        label = functional.one_hot(mine[..., -1].long(), found.logits.shape[-1]) * has[..., None]
        aim = label * wanted[..., None]
        probability = found.logits.detach().sigmoid()
        weight = torch.where(label > 0, aim, NEGATIVE_WEIGHT * probability**NEGATIVE_POWER)
        if weights is not None:
            weight = weight * weight.new_tensor(weights)
        scores = functional.binary_cross_entropy_with_logits(found.logits, aim, weight, reduction="sum")
        apart = 1 - overlaps(found.boxes[has], mine[has][:, :-1], generalised=True)
        return (scores + BOX_WEIGHT * (apart * wanted[has]).sum()) / wanted.sum().clamp(min=1.0)

    return compute


LOSS = Loss("detection", _build)
