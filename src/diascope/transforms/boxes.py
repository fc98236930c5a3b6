"""Boxes that follow their image: onto the network's grid and back, and into a patch."""

import numpy as np
from numpy.typing import NDArray

from diascope.transforms.trace import Trace, restore_points

LEAST_VISIBLE = 0.25
"""Share of a box that must lie in a patch for the patch to show it (chosen here: of a cell cut by the border a quarter
still says what it is)."""


def prepare_boxes(boxes: NDArray, trace: Trace) -> NDArray[np.float32]:
    """Return boxes ``(N, 2 n + 1)`` of the image's own grid on the network's grid, in the same order.

    Corners are edges: voxel i reaches from i to i + 1. Boxes are not clipped to the network's window.
    """
    n = (boxes.shape[1] - 1) // 2
    corners = [_to_network(boxes[:, first : first + n], trace) for first in (0, n)]
    low, high = np.minimum(*corners), np.maximum(*corners)
    return np.concatenate([low, high, boxes[:, -1:]], axis=1).astype(np.float32)


def restore_boxes(boxes: NDArray, trace: Trace) -> NDArray[np.float32]:
    """Return boxes ``(N, 2 n + …)`` of the network's grid on the image's own grid; further columns stay as they are."""
    n = len(trace.final)
    corners = [restore_points(boxes[:, first : first + n] - 0.5, trace) + 0.5 for first in (0, n)]
    low, high = np.minimum(*corners), np.maximum(*corners)
    return np.concatenate([low, high, boxes[:, 2 * n :]], axis=1).astype(np.float32)


def _to_network(edges: NDArray, trace: Trace) -> NDArray[np.float64]:
    """Return edge positions ``(N, n)`` of the original grid on the network's grid."""
    turned = edges[:, list(trace.axes)].astype(np.float64)
    size = np.array([trace.shape[axis] for axis in trace.axes])
    turned = np.where(trace.flips, size - turned, turned)
    inside = turned - [start for start, _ in trace.box]
    return inside * (np.array(trace.resampled) / np.array(trace.cropped)) - trace.offset


def cut_boxes(boxes: NDArray, corner: NDArray | list[int], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the boxes ``(M, 2 n + 1)`` that a patch shows, in its own voxels and clipped to it.

    One of which less than ``LEAST_VISIBLE`` lies inside is left out.
    """
    n = len(size)
    low, high = boxes[:, :n] - corner, boxes[:, n : 2 * n] - corner
    seen_low, seen_high = np.clip(low, 0, size), np.clip(high, 0, size)
    share = (seen_high - seen_low).prod(axis=1) / (high - low).prod(axis=1).clip(1e-6)
    kept = share >= LEAST_VISIBLE
    return np.concatenate([seen_low, seen_high, boxes[:, 2 * n :]], axis=1)[kept].astype(np.float32)
