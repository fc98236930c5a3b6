"""The surface of a mask as triangles: closed, smoothed, of the mask's own volume."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import InputError, RunError
from diascope.measures._pinched import take_apart
from diascope.measures._slices import flat_axis, interpolate_slices

LEVEL = 0.49
"""Just below the half: at .5 itself marching cubes is undecided where two voxels touch along an edge, and its surface
has edges of four faces (30 of 30 noise masks at .5, none at .49)."""

KEPT, BACK = 0.5, -0.53
"""Weights of Taubin's two steps; on a chain, waves of more than 13 vertices pass (1 - cos(2 pi / 13) = 2 - 1 / .53)."""

ROUNDS = 15
FREE_VOXELS = 0.5
"""Furthest that smoothing may move a point along any axis, so that nothing thin is smoothed away."""

SMALLEST = 60
"""Vertices of a part below which it is left as it is: smoothing would shrink it to a point (chosen here: a cube of
three voxels has 54)."""

CORRECTIONS = 10
VOLUME_KEPT = 1e-4
"""Part of the volume by which the surface may differ before it is moved along its normals again."""

TRIES = (1.0, 0.9, 2.0, 4.0)
"""Parts of the wanted triangles that decimation is tried with until its surface is closed and has no more of them than
were wanted (twice, four times as many); taking touching sheets apart adds a few."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A closed surface.

    Attributes:
        vertices: ``(N, 3)`` in RAS+ mm.
        faces: ``(M, 3)`` indices, counter-clockwise as seen from outside.
        mask_ml: volume of the mask's voxels, which the surface keeps.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.intp]
    mask_ml: float

    @property
    def volume_ml(self) -> float:
        """Return the volume that the surface encloses."""
        return _volume(self.vertices, self.faces) / 1000

    def is_closed(self) -> bool:
        """Answer whether every edge belongs to two faces that run through it in opposite directions."""
        edges = self.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
        count = int(self.faces.max(initial=0)) + 1
        forward, backward = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
        forward.sort()
        backward.sort()
        return bool(len(edges)) and not (np.diff(forward) == 0).any() and bool((forward == backward).all())


def build_surface(
    mask: NDArray[np.bool_],
    affine: NDArray[np.float64],
    *,
    smooth: bool = True,
    most_faces: int | None = None,
    positions: NDArray[np.float64] | None = None,
) -> Surface:
    """Return the surface of a mask ``(I, J, K)``.

    Marching cubes at the mask's border, Taubin's smoothing by at most half a voxel, decimation by quadrics, and a shift
    along the normals by which the enclosed volume is that of the voxels. Where voxels are more than twice as long along
    one axis as along another, the outline is interpolated between slices first, by signed distances.

    Args:
        mask: at its edge the surface is closed.
        affine: voxel → RAS+ mm ``(4, 4)``.
        smooth: else the surface is that of marching cubes, moved to the mask's volume.
        most_faces: decimate to at most so many triangles.
        positions: places ``(K,)`` of the slices along the third axis in voxels, where they are not evenly spaced.

    Raises:
        InputError: the mask is empty.
        RunError: the surface is not closed.

    Source:
        Lewiner et al. 2003, J Graph Tools 8(2) (marching cubes); Taubin 1995, SIGGRAPH; Garland and Heckbert 1997,
        SIGGRAPH (quadrics); Raya and Udupa 1990, IEEE TMI 9(1) (interpolation by distances).
    """
    if not mask.any():
        raise InputError("the mask is empty: it has no surface", expected="at least one voxel")
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    points, faces = _march(mask, steps, positions)
    thickness = np.ones(mask.shape[2]) if positions is None else np.gradient(positions)
    voxels = float(np.count_nonzero(mask, axis=(0, 1)) @ thickness)
    mm3 = voxels * abs(float(np.linalg.det(affine[:3, :3])))
    if smooth:
        points = _smooth(points, faces)
    vertices = points @ affine[:3, :3].T + affine[:3, 3]
    if _volume(vertices, faces) < 0:
        faces = faces[:, ::-1]
    whole = Surface(vertices, faces, mm3 / 1000)
    if most_faces and most_faces < len(faces) and (small := _decimate(whole, most_faces)):
        return small
    whole = replace(whole, vertices=_keep_volume(vertices, faces, mm3))
    if not whole.is_closed():
        raise RunError("the surface is not closed", fix="this is a defect, please report it with the mask")
    return whole


def _march(
    mask: NDArray[np.bool_], steps: NDArray[np.float64], positions: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return vertices ``(N, 3)`` in voxels and faces of the mask's border."""
    from skimage.measure import marching_cubes

    box, start = [], []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(filled[0], filled[-1] + 1))
        start.append(float(filled[0]))
    part = mask[tuple(box)]
    axis = 2 if positions is not None else flat_axis(steps)
    if axis is None:
        found: Any = marching_cubes(np.pad(part, 1).astype(np.float32), LEVEL)
        return found[0].astype(np.float64) - 1 + start, found[1].astype(np.intp)
    places = np.arange(part.shape[axis], dtype=np.float64) if positions is None else positions[box[axis]] - start[2]
    ratio = float(steps[axis] / min(s for a, s in enumerate(steps) if a != axis))
    field, where = interpolate_slices(np.moveaxis(part, axis, 0), places, 1 / ratio)
    found = marching_cubes(field, LEVEL - 0.5)
    points = found[0].astype(np.float64)
    along = where[0] + points[:, 0] * (where[1] - where[0])
    points = np.insert(points[:, 1:] - 1, axis, along, axis=1) + start
    return points, found[1].astype(np.intp)


def _smooth(points: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the points after Taubin's smoothing, none of them further than half a voxel from where it was."""
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.csgraph import connected_components

    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)  # of a closed surface each edge comes once in each direction
    count = len(points)
    joined = coo_array((np.ones(len(edges), np.float32), edges.T), (count, count)).tocsr()
    mean = diags_array(1 / np.maximum(joined.sum(axis=1), 1)) @ joined
    _, part = connected_components(joined, directed=False)
    free = np.where(np.bincount(part)[part] >= SMALLEST, FREE_VOXELS, 0.0)[:, None]
    moved = points.astype(np.float32)
    for _ in range(ROUNDS):
        for weight in (KEPT, BACK):
            moved = moved + np.float32(weight) * (mean @ moved - moved)
    return points + np.clip(moved - points, -free, free)


def _volume(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> float:
    """Return the signed volume: the sum of tetrahedra from the middle of the vertices."""
    corners = (vertices - vertices.mean(axis=0))[faces]
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6)


def _keep_volume(vertices: NDArray[np.float64], faces: NDArray[np.intp], mm3: float) -> NDArray[np.float64]:
    """Return the vertices moved along their normals until the surface encloses a volume."""
    for _ in range(CORRECTIONS):
        lacking = mm3 - _volume(vertices, faces)
        if abs(lacking) <= VOLUME_KEPT * mm3:
            break
        corners = vertices[faces]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
        area = np.linalg.norm(across, axis=1).sum()
        normals = np.stack([np.bincount(faces.ravel(), np.repeat(across[:, a], 3), len(vertices)) for a in range(3)], 1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
        vertices = vertices + normals * (lacking / area)
    return vertices


def _decimate(surface: Surface, most_faces: int) -> Surface | None:
    """Return a closed surface of at most so many faces, else of twice or four times as many, else None."""
    from fast_simplification import simplify

    middle = surface.vertices.mean(axis=0)  # in float32 a place far from the origin would lose digits
    points, faces = (surface.vertices - middle).astype(np.float32), surface.faces.astype(np.int32)
    for part in TRIES:
        wanted = int(part * most_faces)
        if wanted >= len(faces):
            break
        found: Any = simplify(points, faces, target_count=wanted)
        vertices, kept = take_apart(found[0].astype(np.float64) + middle, found[1].astype(np.intp))
        small = replace(surface, vertices=vertices, faces=kept)
        if len(kept) <= max(1.0, part) * most_faces and small.is_closed():
            return replace(small, vertices=_keep_volume(vertices, kept, surface.mask_ml * 1000))
    return None
