"""Closed surfaces as shaded pictures, without a graphics card: points of all triangles into a depth buffer."""

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.figures.outlines import write_text
from diascope.figures.style import COLOURS, shorten

Mesh = tuple[NDArray[np.float64], NDArray[np.intp]]
"""Vertices ``(N, 3)`` in RAS+ mm and faces ``(M, 3)``, counter-clockwise as seen from outside."""

BACKGROUND = 255
LIGHT = np.array([-0.35, 0.45, 0.82])
"""Where the light stands: left of, above and before the picture's plane (chosen here)."""

AMBIENT, MARGIN = 0.38, 0.06


DENSITY = 1.3
"""Points of a triangle's edge for each pixel that it spans; below 1.2 single pixels stay empty (chosen here)."""


@dataclass(frozen=True)
class View:
    """A direction to look along.

    Attributes:
        title: such as ``from anterior``.
        right, up: directions of the picture in RAS+.
        sides: letters at its left, right and upper side.
    """

    title: str
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    sides: tuple[str, str, str]


VIEWS = (
    View("from anterior", (-1, 0, 0), (0, 0, 1), ("R", "L", "S")),
    View("from the left", (0, -1, 0), (0, 0, 1), ("A", "P", "S")),
    View("from superior", (-1, 0, 0), (0, 1, 0), ("R", "L", "A")),
)
"""As a radiologist stands before the patient: the patient's right is at the viewer's left."""


def draw_surfaces(
    meshes: Sequence[Mesh], colours: Sequence[str], view: View, *, bounds: NDArray[np.float64], pixels: int = 320
) -> NDArray[np.uint8]:
    """Return a picture ``(rows, columns, 3)`` of surfaces, lit from the viewer's upper left, in parallel projection.

    Args:
        meshes: nearer ones hide others.
        colours: of each, ``#rrggbb``.
        view: where the viewer stands.
        bounds: lowest and highest place ``(2, 3)`` in RAS+ mm that the picture shows; equal ones give equal scales.
        pixels: of the longest edge of ``bounds``, whether this view shows it or not.
    """
    right, up = np.asarray(view.right, float), np.asarray(view.up, float)
    axes = np.stack([right, up, np.cross(right, up)])
    corners = np.array([[bounds[n][a] for a, n in enumerate(pick)] for pick in np.ndindex(2, 2, 2)]) @ axes.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = pixels * (1 - 2 * MARGIN) / max(high - low)
    shape = [int(np.ceil(e * scale + 2 * MARGIN * pixels)) + 1 for e in (high - low)[1::-1]]
    depth = np.full(shape[0] * shape[1], -np.inf)
    picture = np.full((shape[0] * shape[1], 3), BACKGROUND, np.uint8)
    middle, half = (low + high)[:2] / 2, np.array([shape[1], shape[0]]) / 2
    for (vertices, faces), colour in zip(meshes, colours, strict=True):
        tint = np.frombuffer(bytes.fromhex(colour.lstrip("#")), np.uint8).astype(float)
        for points, normals in _samples(vertices @ axes.T, faces, scale):
            x = np.floor((points[:, 0] - middle[0]) * scale + half[0]).astype(np.intp)
            y = np.floor(half[1] - (points[:, 1] - middle[1]) * scale).astype(np.intp)
            inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
            place, near = (y * shape[1] + x)[inside], points[inside, 2]
            order = np.argsort(near, kind="stable")  # of several points on one pixel the nearest is written last
            place, near, lit = place[order], near[order], _shade(normals[inside][order])
            seen = near > depth[place]
            depth[place[seen]] = near[seen]
            picture[place[seen]] = np.clip(lit[seen, None] * tint, 0, 255)
    return picture.reshape(*shape, 3)


def _shade(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    light = LIGHT / np.linalg.norm(LIGHT)
    diffuse = np.clip(normals @ light, 0, 1)
    shine = np.clip(normals @ _halfway(light), 0, 1) ** 30
    return AMBIENT + (1 - AMBIENT) * diffuse + 0.35 * shine


def _halfway(light: NDArray[np.float64]) -> NDArray[np.float64]:
    half = light + np.array([0, 0, 1])
    return half / np.linalg.norm(half)


def _samples(
    vertices: NDArray[np.float64], faces: NDArray[np.intp], scale: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield points and normals that cover each visible triangle more densely than pixels, equal sizes together."""
    normals = _normals(vertices, faces)
    corners = vertices[faces]
    towards = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0
    corners, tilted = corners[towards], normals[faces[towards]]
    flat = corners[:, :, :2]
    longest = np.linalg.norm(flat - np.roll(flat, 1, axis=1), axis=2).max(axis=1, initial=0) * scale
    parts = np.ceil(np.maximum(DENSITY * longest, 1)).astype(int)
    for count in np.unique(parts):
        weights = _weights(int(count))
        some = parts == count
        points, mean = ((weights @ values[some]).reshape(-1, 3) for values in (corners, tilted))
        yield points, mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def _weights(count: int) -> NDArray[np.float64]:
    """Return barycentric weights ``(count², 3)``: the middles of the parts of a triangle with divided edges."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(count), np.arange(count), indexing="ij"))
    upright = np.stack([i, j], axis=1)[i + j < count] + 1 / 3
    turned = np.stack([i, j], axis=1)[i + j < count - 1] + 2 / 3
    first = np.concatenate([upright, turned])
    return np.column_stack([first, count - first.sum(axis=1)]) / count


def _normals(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return a normal for each vertex: the mean over its triangles, weighed by their area."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = [np.bincount(faces.ravel(), np.repeat(across[:, a], 3), minlength=len(vertices)) for a in range(3)]
    normals = np.stack(sums, axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def surface_png(meshes: Sequence[Mesh], *, pixels: int = 400) -> bytes:
    """Return a PNG of surfaces from anterior, from the left and from superior, each in its own colour."""
    from PIL import Image as Picture

    bounds = bounds_of(meshes)
    colours = [COLOURS[n % len(COLOURS)] for n in range(len(meshes))]
    shown = [draw_surfaces(meshes, colours, view, bounds=bounds, pixels=pixels) for view in VIEWS]
    height = max(p.shape[0] for p in shown)
    level = [_centred(p, height) for p in shown]
    buffer = io.BytesIO()
    Picture.fromarray(np.concatenate(level, axis=1)).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _centred(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    above = (height - picture.shape[0]) // 2
    below = height - picture.shape[0] - above
    return np.pad(picture, ((above, below), (0, 0), (0, 0)), constant_values=BACKGROUND)


def bounds_of(meshes: Sequence[Mesh]) -> NDArray[np.float64]:
    """Return the lowest and the highest place ``(2, 3)`` of all vertices."""
    return np.stack([np.min([v.min(axis=0) for v, _ in meshes], 0), np.max([v.max(axis=0) for v, _ in meshes], 0)])


def surface_pairs(rows: Mapping[str, Mapping[str, Mesh]], *, views: Sequence[View] = VIEWS[:2]) -> str:
    """Return pictures side by side, such as reference and prediction from anterior and from the left, as SVG.

    Args:
        rows: title → structure → surface; a structure has one colour in all pictures, and all have one scale.
        views: from where.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    colour = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)}
    bounds = bounds_of([mesh for row in rows.values() for mesh in row.values()])
    titled = [
        (title, view, draw_surfaces(list(row.values()), [colour[n] for n in row], view, bounds=bounds))
        for view in views
        for title, row in rows.items()
    ]
    width = sum(p.shape[1] + _GAP for _, _, p in titled) - _GAP
    scale = min(_SCALE, _WIDTH / width)
    body, left, bottom = [], 0.0, 0.0
    for title, view, picture in titled:
        size = (picture.shape[1] * scale, picture.shape[0] * scale)
        words = write_text(0, -20, title) + write_text(0, -6, view.title)
        body.append(
            f'<g transform="translate({left:.1f} {_HEAD})">{words}{_image(picture, size)}{_sides(view, size)}</g>'
        )
        left, bottom = left + max(size[0], _NARROW) + _GAP, max(bottom, size[1])
    top = bottom + _HEAD + _GAP
    for n, name in enumerate(names):
        body.append(f'<rect x="{n * _ENTRY}" y="{top:.1f}" width="12" height="12" fill="{colour[name]}"/>')
        body.append(write_text(n * _ENTRY + 18, top + 11, shorten(name, 18)))
    alt = f"Surfaces of {', '.join(names)}: {', '.join(rows)}; {', '.join(v.title for v in views)}."
    width = max(left - _GAP, _ENTRY * len(names))
    return (
        f'<svg class="case" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:.0f} {top + 16:.0f}" '
        f'style="width:100%;max-width:{width:.0f}px;height:auto">{"".join(body)}</svg>'
    )


_WIDTH, _SCALE, _HEAD, _GAP, _NARROW, _ENTRY = 700.0, 0.7, 34.0, 10.0, 100.0, 135
"""CSS pixels: of the whole, for each pixel of a picture, above pictures for titles, between them, of the narrowest, and
of an entry of the legend."""


def _sides(view: View, size: tuple[float, float]) -> str:
    """Return the letters of the left, right and upper side."""
    places = ((5, size[1] / 2 + 4), (size[0] - 5, size[1] / 2 + 4), (size[0] / 2, 10))
    return "".join(write_text(x, y, w, anchor="middle") for (x, y), w in zip(places, view.sides, strict=True))


def _image(picture: NDArray[np.uint8], size: tuple[float, float]) -> str:
    from PIL import Image as Picture

    buffer = io.BytesIO()
    Picture.fromarray(picture).quantize(64).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<image width="{size[0]:.1f}" height="{size[1]:.1f}" href="data:image/png;base64,{data}"/>'
