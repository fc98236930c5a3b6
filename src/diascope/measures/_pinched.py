"""Edges at which two sheets of a surface touch, taken apart: decimation leaves a few where it pulls sheets together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ROUNDS = 4
APART = 0.05
"""Part of the way to its own triangles by which each sheet's new point leaves the edge (chosen here: enough to stay two
points in a file of 32-bit numbers, too little to see)."""

Edge = tuple[int, int]


def take_apart(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return a surface in which every edge that had four faces is two, each with a point of its own in its middle.

    Two faces back to back with the same corners enclose nothing and are left out first. The faces at such an edge are
    paired with their neighbours around it, each pair gets a new point, and each face is divided there. An edge of more
    than four faces, or one whose faces all run the same way, stays as it is.
    """
    for _ in range(ROUNDS):
        faces = _without_flaps(faces)
        edges = _pinched(faces)
        if not edges:
            break
        added, replaced, taken = [], [], set()
        for edge in edges:
            pairs = _pair(vertices, faces, edge)
            if pairs is None or taken & {f for pair in pairs for f in pair}:
                continue
            for pair in pairs:
                middle = len(vertices) + len(added)
                added.append(_point(vertices, faces, edge, pair))
                replaced += [part for face in pair for part in _divide(faces[face], edge, middle)]
                taken |= set(pair)
        if not added:
            break
        vertices = np.concatenate([vertices, added])
        faces = np.concatenate([np.delete(faces, sorted(taken), axis=0), np.array(replaced, np.intp)])
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used], faces.reshape(-1, 3)


def _without_flaps(faces: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the faces without those that lie back to back on the same three corners."""
    count = int(faces.max(initial=0)) + 1
    a, b, c = np.sort(faces, axis=1).T.astype(np.int64)
    _, group, size = np.unique(a * count + b, return_inverse=True, return_counts=True)
    several = np.flatnonzero(size[group] > 1)
    places: dict[tuple[int, int, int], list[int]] = {}
    for face in several:
        places.setdefault((int(a[face]), int(b[face]), int(c[face])), []).append(int(face))
    back_to_back = [f for some in places.values() if len(some) == 2 for f in some]
    return np.delete(faces, back_to_back, axis=0)


def _pinched(faces: NDArray[np.intp]) -> list[Edge]:
    """Return the edges that more than two faces share."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    count = int(faces.max(initial=0)) + 1
    keys = np.sort(edges.min(axis=1) * count + edges.max(axis=1))
    found = np.unique(keys[2:][keys[2:] == keys[:-2]])
    return [(int(k // count), int(k % count)) for k in found]


def _pair(
    vertices: NDArray[np.float64], faces: NDArray[np.intp], edge: Edge
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return two pairs of faces that are neighbours around an edge and run through it in opposite directions."""
    at = np.flatnonzero((faces == edge[0]).any(axis=1) & (faces == edge[1]).any(axis=1))
    ways = [_runs_along(faces[f], edge) for f in at]
    if len(at) != 4 or sum(ways) != 2:
        return None
    order = np.argsort(_angles(vertices, faces[at], edge))
    around, runs = [int(at[n]) for n in order], [ways[n] for n in order]
    if runs[0] == runs[1]:
        around, runs = around[1:] + around[:1], runs[1:] + runs[:1]
    if runs[0] == runs[1] or runs[2] == runs[3]:
        return None
    return (around[0], around[1]), (around[2], around[3])


def _runs_along(face: NDArray[np.intp], edge: Edge) -> bool:
    corners = face.tolist()
    return corners[(corners.index(edge[0]) + 1) % 3] == edge[1]


def _angles(vertices: NDArray[np.float64], faces: NDArray[np.intp], edge: Edge) -> NDArray[np.float64]:
    """Return the directions, around an edge, in which its faces lie."""
    start, along = vertices[edge[0]], vertices[edge[1]] - vertices[edge[0]]
    along = along / max(float(np.linalg.norm(along)), np.finfo(float).tiny)
    aside = np.cross(along, np.eye(3)[np.argmin(np.abs(along))])
    opposite = np.array([vertices[_third(face, edge)] for face in faces]) - start
    return np.arctan2(opposite @ np.cross(along, aside), opposite @ aside)


def _third(face: NDArray[np.intp], edge: Edge) -> int:
    return next(int(v) for v in face if v not in edge)


def _point(
    vertices: NDArray[np.float64], faces: NDArray[np.intp], edge: Edge, pair: Sequence[int]
) -> NDArray[np.float64]:
    middle = (vertices[edge[0]] + vertices[edge[1]]) / 2
    own = np.mean([vertices[_third(faces[f], edge)] for f in pair], axis=0)
    return middle + APART * (own - middle)


def _divide(face: NDArray[np.intp], edge: Edge, middle: int) -> list[list[int]]:
    """Return the two faces that a point in the middle of an edge divides a face into, both as it was wound."""
    third = _third(face, edge)
    first, last = edge if _runs_along(face, edge) else edge[::-1]
    return [[first, middle, third], [middle, last, third]]
