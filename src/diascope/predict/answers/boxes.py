"""Boxes with a class and a score, on the image's own grid, from windows that each see part of it.

Every window, member and mirrored image is a view. A view's overlapping boxes are first reduced to the best ones, then
the views' boxes are fused (Solovyev et al. 2021). A box that a window cuts is dropped where another window sees all of
it, so that no box ends at a seam; where the object is larger than the windows' overlap its parts are joined.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from diascope.core.boxes import clip, fuse, join, suppress
from diascope.core.ports.answer import Answer
from diascope.core.ports.engine import Runner
from diascope.predict.case import Predictor
from diascope.predict.windows import window_corners
from diascope.transforms.boxes import restore_boxes
from diascope.transforms.prepare import Prepared

LEAST_SCORE = 0.01
"""Boxes with less are not looked at: their precision is no more than that (chosen here)."""
MOST_PLACES = 300
"""Boxes of a class that a view keeps, the best ones: COCO's evaluation reads 100 of an image (chosen here)."""
MOST_BOXES = 100
"""Boxes of a class that an answer holds for each window it takes (COCO's number for an image)."""
SAME = 0.6
"""Overlap from which two boxes of a view are one finding (chosen here: YOLOv8 takes .7, COCO's models .5)."""
FUSED = 0.55
"""Overlap from which boxes of different views are one finding (Solovyev et al. 2021)."""
SHARED = 0.3
"""Of the smaller of two parts of an object larger than the windows' overlap (chosen here: half of a window is common
to two neighbours, and a part that ends in it shares at least a third of its extent with the next)."""
AT_BORDER = 1.5
"""A box that ends so few voxels from a window's border is taken for cut by it (chosen here: what a network draws to
the border of its patch in training ends within a voxel of it)."""


@dataclass(frozen=True, eq=False)
class _View:
    """Boxes ``(N, 2n)`` on the network's grid and their scores ``(N, C)``, and whether the window cuts each."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    is_cut: NDArray[np.bool_]


def _predict(
    predictor: Predictor, prepared: Sequence[Prepared], progress: Callable[[int, int], None]
) -> list[NDArray[np.float32]]:
    """Return ``(N, 2n + 2)`` for each case: low, high, class index, score; best first, clipped to the image."""
    return [_predict_one(predictor, case, progress) for case in prepared]


def _predict_one(predictor: Predictor, prepared: Prepared, progress: Callable[[int, int], None]) -> NDArray[np.float32]:
    shape, window = prepared.array.shape[1:], tuple(int(n) for n in predictor.plan["predict.window"])
    corners = window_corners(shape, window, float(predictor.plan["predict.overlap"]))
    views: list[_View] = []
    for number, corner in enumerate(corners, 1):
        views += _views(predictor, prepared.array, corner, window)
        progress(number, len(corners))
    each = len(views) // len(corners)
    classes = range(views[0].scores.shape[1])
    found = np.concatenate([_of_class(views, label, corners, window, shape=shape, each=each) for label in classes])
    found = found[np.argsort(-found[:, -1], kind="stable")]
    restored = restore_boxes(found, prepared.trace)
    n = len(shape)
    restored[:, : 2 * n] = clip(restored[:, : 2 * n], prepared.trace.shape)
    return restored[(restored[:, n : 2 * n] > restored[:, :n]).all(axis=1)]


def _views(
    predictor: Predictor, array: NDArray[np.float32], corner: tuple[int, ...], window: tuple[int, ...]
) -> Iterator[_View]:
    """Yield what each member says of one window and its mirror images."""
    n, shape = len(window), array.shape[1:]
    patch = _cut(array, corner, window)[None]
    for member, bits in product(predictor.members, product((False, True), repeat=len(predictor.mirror))):
        turned = [axis for axis, is_turned in zip(predictor.mirror, bits, strict=True) if is_turned]
        boxes, scores = _run(member, patch, turned, window)
        keep = scores.max(axis=1) >= LEAST_SCORE
        boxes, scores = boxes[keep], scores[keep]
        at_low, at_high = boxes[:, :n] < AT_BORDER, boxes[:, n:] > np.array(window) - AT_BORDER
        inner_low = np.array(corner) > 0
        inner_high = np.array(corner) + window < shape
        is_cut = np.any((at_low & inner_low) | (at_high & inner_high), axis=1)
        yield _View(np.asarray(clip(boxes, window) + np.tile(corner, 2), np.float64), scores, np.asarray(is_cut))


def _run(
    member: Runner, patch: NDArray[np.float32], turned: Sequence[int], window: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return boxes ``(N, 2n)`` in the window's voxels, mirrored back, and scores ``(N, C)``."""
    from scipy.special import expit

    n = len(window)
    out = np.asarray(member(np.flip(patch, tuple(2 + axis for axis in turned))), np.float64)[0]
    classes = len(out) - 3 * n - 1
    boxes = out[classes : classes + 2 * n].T.copy()
    for axis in turned:
        boxes[:, [axis, n + axis]] = window[axis] - boxes[:, [n + axis, axis]]
    return boxes, expit(out[:classes]).T


def _cut(array: NDArray[np.float32], corner: tuple[int, ...], window: tuple[int, ...]) -> NDArray[np.float32]:
    """Return a window; beyond the image stands each channel's minimum in it, as in training."""
    part = array[:, *(slice(c, c + w) for c, w in zip(corner, window, strict=True))]
    if part.shape[1:] == window:
        return part
    out = np.empty((len(part), *window), np.float32)
    out[:] = part.min(axis=tuple(range(1, part.ndim)), keepdims=True)
    out[:, *(slice(0, size) for size in part.shape[1:])] = part
    return out


def _of_class(
    views: Sequence[_View],
    label: int,
    corners: Sequence[tuple[int, ...]],
    window: tuple[int, ...],
    *,
    shape: tuple[int, ...],
    each: int,
) -> NDArray[np.float64]:
    """Return one class's fused boxes ``(N, 2n + 2)``, low, high, class, score."""
    boxes, scores, number, is_cut = [], [], [], []
    for place, view in enumerate(views):
        score = view.scores[:, label]
        best = np.argsort(-score, kind="stable")[:MOST_PLACES]
        best = best[score[best] >= LEAST_SCORE]
        kept = best[suppress(view.boxes[best], score[best], overlap=SAME)]
        boxes.append(view.boxes[kept])
        scores.append(score[kept])
        number.append(np.full(len(kept), place))
        is_cut.append(view.is_cut[kept])
    every, score, view_of, cut = map(np.concatenate, (boxes, scores, number, is_cut))
    whole = _times_whole(every, corners, window, shape)
    seen, parts = ~cut, cut & (whole == 0)
    fused, value = fuse(
        every[seen], score[seen], view_of[seen], overlap=FUSED, expected=np.maximum(whole, 1)[seen] * each
    )
    if parts.any():
        large, large_value = join(every[parts], score[parts], overlap=SHARED)
        fused, value = np.concatenate([fused, large]), np.concatenate([value, large_value])
        kept = suppress(fused, value, overlap=SAME)
        fused, value = fused[kept], value[kept]
    order = np.argsort(-value, kind="stable")[: MOST_BOXES * len(corners)]
    return np.column_stack([fused[order], np.full(len(order), float(label)), value[order]])


def _times_whole(
    boxes: NDArray, corners: Sequence[tuple[int, ...]], window: tuple[int, ...], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Return how many windows see all of each box, ``(N,)``; a window's border that is the image's cuts nothing."""
    n = len(window)
    seen = np.zeros(len(boxes), np.intp)
    for corner in corners:
        low, high = np.array(corner, float), np.array(corner, float) + window
        low = np.where(low > 0, low + AT_BORDER, -np.inf)
        high = np.where(high < shape, high - AT_BORDER, np.inf)
        seen += ((boxes[:, :n] >= low) & (boxes[:, n:] <= high)).all(axis=1)
    return seen


ANSWER = Answer("boxes", on_grid=True, predict=_predict)
