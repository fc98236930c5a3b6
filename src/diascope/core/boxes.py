"""Boxes ``(N, 2n)``, low corner then high corner, in voxels: voxel i covers [i, i + 1) along each axis."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]


def volumes(boxes: Boxes) -> NDArray[np.float64]:
    """Return the voxels that each box covers, ``(N,)``; 0 where a corner is not below the other."""
    low, high = np.split(np.asarray(boxes, np.float64), 2, axis=-1)
    return np.clip(high - low, 0, None).prod(axis=-1)


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union ``(N, M)`` of boxes ``(N, 2n)`` and ``(M, 2n)``; 0 where both are empty.

    Example:
        >>> overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 1], [5, 5, 6, 6]])).tolist()
        [[0.5, 0.0]]
    """
    ndim = a.shape[-1] // 2
    low = np.maximum(a[:, None, :ndim], b[None, :, :ndim])
    high = np.minimum(a[:, None, ndim:], b[None, :, ndim:])
    inside = np.clip(np.asarray(high - low, np.float64), 0, None).prod(axis=-1)
    union = volumes(a)[:, None] + volumes(b)[None] - inside
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)


def clip(boxes: Boxes, shape: tuple[int, ...]) -> Boxes:
    """Return the boxes' parts inside a grid; a box wholly outside becomes empty."""
    return np.clip(boxes, 0, np.array([*shape, *shape], boxes.dtype))


def edges(boxes: Boxes) -> NDArray[np.float64]:
    """Return each box's edge: the n-th root of its volume, ``(N,)``."""
    return volumes(boxes) ** (2 / boxes.shape[-1])


def suppress(boxes: Boxes, scores: NDArray, *, overlap: float) -> NDArray[np.intp]:
    """Return the boxes to keep, best first: none overlaps a better one by more than ``overlap``."""
    order = np.argsort(-scores, kind="stable")
    iou = overlaps(boxes[order], boxes[order]) > overlap
    keep = np.ones(len(order), bool)
    for number in range(len(order)):
        if keep[number]:
            keep[number + 1 :] &= ~iou[number, number + 1 :]
    return order[keep]


def fuse(
    boxes: Boxes, scores: NDArray, views: NDArray[np.intp], *, overlap: float, expected: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return boxes of one class that several views agree on, and their scores (Solovyev et al. 2021, WBF).

    Boxes are taken best first; each joins the fused box that it overlaps most, if by more than ``overlap`` and if no
    box of its own view has joined before, else it begins a new one. A fused box is the mean of its members weighted by
    their scores; its score is their sum over the number of views that could have seen it.

    Args:
        boxes: ``(N, 2n)`` of all views, in one coordinate system.
        scores: ``(N,)``.
        views: ``(N,)``, which view each comes from.
        overlap: from which two boxes are one finding.
        expected: ``(N,)``, how many views could have seen it.
    """
    order = np.argsort(-scores, kind="stable")
    members: list[list[int]] = []
    fused = np.zeros((len(boxes), boxes.shape[1]))
    for number in order:
        count = len(members)
        iou = overlaps(boxes[number][None], fused[:count])[0] if count else np.zeros(0)
        for place, group in enumerate(members):
            if iou[place] > overlap and views[number] in views[group]:
                iou[place] = 0.0
        place = int(iou.argmax()) if count and iou.max() > overlap else count
        if place == count:
            members.append([])
        members[place].append(int(number))
        group = members[place]
        fused[place] = np.average(boxes[group], axis=0, weights=scores[group])
    totals = [scores[group].sum() / max(len(group), expected[group].max()) for group in members]
    return fused[: len(members)], np.array(totals)


def join(boxes: Boxes, scores: NDArray, *, overlap: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return boxes that are parts of larger objects with those joined that share more than ``overlap`` of the smaller.

    Parts come from windows that are smaller than the object: no one of them sees all of it, so what they share must
    lie in the windows' common region. A joined box spans its parts and has the best one's score.
    """
    boxes, scores = np.asarray(boxes, np.float64), np.asarray(scores, np.float64)
    n, order = boxes.shape[-1] // 2, list(np.argsort(-scores, kind="stable"))
    joined, best = [], []
    while order:
        first = order.pop(0)
        span, grown = boxes[first].copy(), True
        while grown:
            shared = np.minimum(boxes[order, n:], span[n:]) - np.maximum(boxes[order, :n], span[:n])
            least = np.minimum(volumes(boxes[order]), volumes(span))
            fits = np.clip(shared, 0, None).prod(axis=1) > overlap * least
            grown = bool(fits.any())
            for number in np.array(order, int)[fits]:
                span = np.concatenate(
                    [np.minimum(span[:n], boxes[number, :n]), np.maximum(span[n:], boxes[number, n:])]
                )
                order.remove(number)
        joined.append(span)
        best.append(scores[first])
    return np.array(joined).reshape(-1, 2 * n), np.array(best)
