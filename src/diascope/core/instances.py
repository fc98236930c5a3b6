"""Objects: the connected parts of a mask, and two instance maps matched one to one."""

import numpy as np
from numpy.typing import NDArray

FIELDS = ("reference", "prediction", "matched", "iou", "shared", "joined")
"""What is found of one case, by the names that ``Matching`` has for it."""


def connected_parts(mask: NDArray, *, corners: bool = False) -> tuple[NDArray[np.int32], int]:
    """Return the connected parts of a mask, numbered from 1 on, and how many there are.

    With ``corners`` voxels that meet at an edge or a corner only are connected too.
    """
    from scipy.ndimage import generate_binary_structure, label

    parts = np.zeros(mask.shape, np.int32)
    label(mask, generate_binary_structure(mask.ndim, mask.ndim if corners else 1), output=parts)
    return parts, int(parts.max(initial=0))


def match_instances(reference: NDArray[np.integer], prediction: NDArray[np.integer]) -> dict[str, float]:
    """Return the ``FIELDS`` of two instance maps ``(I, J[, K])``; 0 is background, every other number one object.

    The aggregated Jaccard index pairs each reference object with the predicted one of the largest IoU, whether that is
    taken already or not, and counts predicted objects that nothing was paired with (Kumar et al. 2017).
    """
    known, found, overlap, sizes, areas = _overlaps(reference, prediction)
    union = sizes[known] + areas[found] - overlap
    iou = overlap / union
    is_match = iou > 0.5
    shared, joined, used = _aggregate(known, found, overlap, union, len(sizes))
    alone = np.ones(len(sizes), bool)
    alone[known] = False
    unused = np.ones(len(areas), bool)
    unused[used] = False
    return {
        "reference": float(len(sizes)),
        "prediction": float(len(areas)),
        "matched": float(is_match.sum()),
        "iou": float(iou[is_match].sum()),
        "shared": float(shared),
        "joined": float(joined + sizes[alone].sum() + areas[unused].sum()),
    }


def _overlaps(reference: NDArray, prediction: NDArray) -> tuple[NDArray[np.intp], ...]:
    """Return the pairs that overlap (places in both lists of objects), their voxels, and the voxels of all objects."""
    (known, sizes), (found, areas) = (_objects(labels) for labels in (reference, prediction))
    both = (reference != 0) & (prediction != 0)
    one, other = np.searchsorted(known, reference[both]), np.searchsorted(found, prediction[both])
    pairs, overlap = np.unique(one.astype(np.int64) * max(1, len(found)) + other, return_counts=True)
    first, second = np.divmod(pairs, max(1, len(found)))
    return first, second, overlap, sizes, areas


def _objects(labels: NDArray) -> tuple[NDArray, NDArray[np.intp]]:
    numbers, voxels = np.unique(labels, return_counts=True)
    return numbers[numbers != 0], voxels[numbers != 0]


def _aggregate(
    known: NDArray[np.intp], found: NDArray[np.intp], overlap: NDArray, union: NDArray, count: int
) -> tuple[int, int, NDArray[np.intp]]:
    """Return the voxels that the best partners share and have together, and which predicted objects are partners."""
    order = np.lexsort((-overlap / union, known))
    first = np.unique(known[order], return_index=True)[1]
    best = order[first]
    return int(overlap[best].sum()), int(union[best].sum()), found[best]
