"""Lesions of a mask as points in space, and which lesions of two visits are one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_OVERLAP = 0.2
"""Two lesions are one where they share this part of the smaller one (chosen here: after alignment one lesion shares .7
and more with itself, and neighbours that touch for want of alignment a thin rim)."""

GAP_MM = 5.0
"""Lesions that share nothing, and no other, are one where their surfaces lie no further apart (chosen here: what a
deformable alignment may leave in a lung that breathes, and the smallest change that RECIST 1.1 counts)."""

FINEST = 4
"""Most points that a voxel is divided into along an axis, where the other visit's voxels are smaller (chosen here)."""


@dataclass(frozen=True, eq=False)
class Lesion:
    """One connected part of one class of a mask.

    Attributes:
        voxels: indices ``(N, 3)``.
        centres: world positions of the voxels' centres ``(N, 3)``, RAS+ mm.
        volume_ml: of its voxels.
        counting_ml: standard deviation of that volume from counting whole voxels.
    """

    voxels: NDArray[np.intp]
    centres: NDArray[np.float64]
    volume_ml: float
    counting_ml: float

    def crop(self, margin: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return the mask of the box around it, and the index of the box's first voxel."""
        low = self.voxels.min(axis=0) - margin
        mask = np.zeros(self.voxels.max(axis=0) + margin - low + 1, bool)
        mask[tuple((self.voxels - low).T)] = True
        return mask, low


def find_lesions(mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> list[Lesion]:
    """Return the connected parts of a mask, voxels that touch at a corner included, the largest first.

    Args:
        mask: ``(I, J, K)``; empty gives none.
        affine: voxel index → RAS+ mm ``(4, 4)``.
    """
    from scipy.ndimage import find_objects, label

    labels, _ = label(mask, np.ones((3, 3, 3)))  # type: ignore[misc]
    cell = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    found = []
    for n, box in enumerate(find_objects(labels), start=1):
        inside = labels[box] == n
        voxels = np.argwhere(inside) + [s.start for s in box]
        counting = cell * _counting_error(inside)
        found.append(Lesion(voxels, voxels @ affine[:3, :3].T + affine[:3, 3], len(voxels) * cell, counting))
    return sorted(found, key=lambda lesion: -lesion.volume_ml)


def _counting_error(inside: NDArray[np.bool_]) -> float:
    """Return the standard deviation in voxels of a count of voxels.

    Each border voxel is rounded to all or nothing: the variance of a uniform rounding error is 1/12, and errors of
    neighbours are taken as independent.
    """
    from scipy.ndimage import binary_erosion

    padded = np.pad(inside, 1)
    return float(np.sqrt(np.count_nonzero(padded & ~np.asarray(binary_erosion(padded), bool)) / 12))


def divide_voxels(lesion: Lesion, affine: NDArray[np.float64], finer_mm: Sequence[float]) -> NDArray[np.float64]:
    """Return points ``(M, 3)`` spread evenly through a lesion, as near as ``finer_mm`` where that is feasible.

    Args:
        lesion: of a mask with this ``affine``.
        affine: of its grid.
        finer_mm: edges of the other visit's voxels; the smallest one counts.
    """
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    parts = np.clip(np.ceil(steps / min(finer_mm) - 1e-6), 1, FINEST).astype(int)
    offsets = np.stack(np.meshgrid(*((np.arange(n) + 0.5) / n - 0.5 for n in parts), indexing="ij"), -1).reshape(-1, 3)
    return (lesion.centres[:, None] + offsets @ affine[:3, :3].T).reshape(-1, 3)


@dataclass(frozen=True)
class Link:
    """Two lesions that are one.

    Attributes:
        before, after: their numbers.
        overlap: shared volume over the smaller volume; 0 where they were matched by distance.
        gap_mm: distance of their surfaces; 0 where they overlap.
    """

    before: int
    after: int
    overlap: float
    gap_mm: float


def match_lesions(
    before: Sequence[NDArray[np.float64]],
    before_ml: Sequence[float],
    after: Sequence[Lesion],
    *,
    shape: tuple[int, ...],
    affine: NDArray[np.float64],
) -> list[Link]:
    """Return which lesions of one class are one at two visits, by overlap first and by distance second.

    A lesion may have several links: it has split, or several have merged.

    Args:
        before: points of each earlier lesion, brought to where they lie at the later visit, ``(M, 3)`` mm.
        before_ml: their volumes at the earlier visit.
        after: the later lesions.
        shape: of the later grid.
        affine: of the later grid.
    """
    links = _by_overlap(before, before_ml, after, shape=shape, affine=affine)
    alone = [b for b in range(len(before)) if len(before[b]) and all(link.before != b for link in links)]
    unseen = [a for a in range(len(after)) if all(link.after != a for link in links)]
    return links + _by_distance(before, after, alone, unseen)


def _by_overlap(
    before: Sequence[NDArray[np.float64]],
    before_ml: Sequence[float],
    after: Sequence[Lesion],
    *,
    shape: tuple[int, ...],
    affine: NDArray[np.float64],
) -> list[Link]:
    owner = np.full(shape, -1, np.int32)
    for number, lesion in enumerate(after):
        owner[tuple(lesion.voxels.T)] = number
    inverse, links = np.linalg.inv(affine), []
    for number, points in enumerate(before):
        index = np.rint(points @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
        index = index[((index >= 0) & (index < np.array(shape))).all(axis=1)]
        hit = owner[tuple(index.T)]
        for other in np.unique(hit[hit >= 0]):
            shared = before_ml[number] * np.count_nonzero(hit == other) / len(points)
            overlap = min(1.0, float(shared / min(before_ml[number], after[other].volume_ml)))
            if overlap >= LEAST_OVERLAP:
                links.append(Link(number, int(other), overlap, 0.0))
    return links


def _by_distance(
    before: Sequence[NDArray[np.float64]], after: Sequence[Lesion], alone: Sequence[int], unseen: Sequence[int]
) -> list[Link]:
    """Return links of lesions that have none, the nearest pair first, each lesion once."""
    from scipy.spatial import KDTree

    trees = {a: KDTree(after[a].centres) for a in unseen}
    pairs = []
    for b in alone:
        for a, tree in trees.items():
            gap = float(np.min(tree.query(before[b], distance_upper_bound=GAP_MM)[0]))
            if gap <= GAP_MM:
                pairs.append((gap, b, a))
    links: list[Link] = []
    for gap, b, a in sorted(pairs):
        if all(link.before != b and link.after != a for link in links):
            links.append(Link(b, a, 0.0, gap))
    return links


def organ_of(lesion: Lesion, organs: NDArray[np.integer]) -> int:
    """Return the number of the organ that a lesion lies in or touches most; 0 where there is none near.

    Args:
        lesion: on the grid of ``organs``.
        organs: label map ``(I, J, K)`` in which 0 is none.
    """
    from scipy.ndimage import binary_dilation

    mask, low = lesion.crop(margin=2)
    near = np.argwhere(binary_dilation(mask, iterations=2)) + low
    near = near[((near >= 0) & (near < np.array(organs.shape))).all(axis=1)]
    numbers, counts = np.unique(organs[tuple(near.T)], return_counts=True)
    counts = np.where(numbers == 0, 0, counts)
    return int(numbers[counts.argmax()]) if counts.any() else 0
