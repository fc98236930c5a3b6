"""Length of an outline and area of a surface by counting how often lines cross the mask (Cauchy and Crofton)."""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray


def border_measure(mask: NDArray[np.bool_], spacing: Sequence[float]) -> float:
    """Return the perimeter of a 2-D mask or the surface area of a 3-D one, in the unit (squared) of ``spacing``.

    Lines through the voxel centres in 4 directions (2-D) or 13 (3-D) are crossed by the border; the mean over all
    directions is taken with the angle (solid angle) that lies nearest to each direction as its weight. Unlike the
    length of pixel edges or the area of marching cubes on a mask, which stay 27 % and 9 % too large however fine the
    grid is, this converges: tests hold discs and balls within 1 %. The worst shape is a box along the grid, 5 % (2-D)
    and 8 % (3-D) too small. What lies beyond the image counts as outside.

    Source: Lehmann and Legland, Efficient N-dimensional surface estimation using Crofton formula and run-length
    encoding, The Insight Journal 2012.
    """
    edges = np.asarray(spacing, np.float64)
    padded = np.pad(mask, 1)
    voxel = float(edges.prod())
    total = 0.0
    for step, weight in _directions(tuple(float(e) for e in edges)):
        between_lines = voxel / float(np.linalg.norm(np.asarray(step) * edges))
        total += weight * between_lines * _crossings(padded, step)
    # perimeter = pi / 2 times, area = twice the mean over directions of the crossings per length (area) between lines
    return float((np.pi / 2 if mask.ndim == 2 else 2.0) * total)


def _crossings(padded: NDArray[np.bool_], step: tuple[int, ...]) -> int:
    """Return how often a mask is entered or left between neighbours in one direction."""
    here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, padded.shape, strict=True))
    there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, padded.shape, strict=True))
    return int(np.count_nonzero(padded[here] != padded[there]))


@cache
def _directions(edges: tuple[float, ...]) -> tuple[tuple[tuple[int, ...], float], ...]:
    """Return each direction to a neighbour, one of two opposite ones, and its share of all directions."""
    steps = [s for s in product((-1, 0, 1), repeat=len(edges)) if any(s)]
    unit = np.array(steps) * edges
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    share = _angles(unit) if len(edges) == 2 else _solid_angles(unit)
    half = [n for n, s in enumerate(steps) if s > tuple(-c for c in s)]
    return tuple((steps[n], float(2 * share[n])) for n in half)


def _angles(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = np.arctan2(unit[:, 1], unit[:, 0])
    order = np.argsort(angle)
    gaps = np.diff(angle[order], append=angle[order[0]] + 2 * np.pi)
    share = np.empty(len(unit))
    share[order] = (gaps + np.roll(gaps, 1)) / 2 / (2 * np.pi)
    return share


def _solid_angles(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial import SphericalVoronoi

    cells = SphericalVoronoi(unit)
    cells.sort_vertices_of_regions()
    return np.asarray(cells.calculate_areas()) / (4 * np.pi)
