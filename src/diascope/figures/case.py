"""One case as a picture: the image, and what reference and prediction say about it."""

import base64
import hashlib
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.figures.clip import clip_figure
from diascope.figures.outlines import NUMBERED, PREDICTION, REFERENCE, outline_pair, write_sides, write_text
from diascope.figures.planes import Plane, cut_planes
from diascope.figures.style import shorten

_WIDTH, _TALL = 720.0, 290.0
"""Largest width of a drawing and height of one plane in it, in CSS pixels: three planes fit a printed page."""

_GAP, _HEAD, _LEGEND = 10.0, 20.0, 340.0
_PIXELS = 384
"""Pixels kept along a plane's longer edge: what three planes can show beside each other, and a small page."""


_HOT = 0.98
"""Quantile of a map through whose voxels the planes of a volume pass (chosen here)."""

_CLEAR, _FULL, _COVER = 1.0, 4.0, 0.75
"""A heat map's colour begins at so many times what is usual and is full at so many, its opacity then (chosen here)."""


@dataclass(frozen=True)
class _Layout:
    """Where everything stands: for each plane its size (width, height) and the corners (left, top) of its copies."""

    sizes: list[tuple[float, float]]
    corners: list[list[tuple[float, float]]]
    width: float
    height: float


def case_outline(
    image: NDArray,
    reference: NDArray,
    prediction: NDArray,
    names: Sequence[str],
    geometry: Geometry,
    *,
    groups: int = 0,
) -> str:
    """Return the image beside the image with reference and prediction outlined, as SVG with the voxels as PNG inside.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown.
        reference: label map ``(I, J[, K])``, class n as the number n + 1 and background as 0.
        prediction: the same.
        names: of the foreground classes.
        geometry: of the grid; gives the aspect and, in 3-D, radiological axial, coronal and sagittal planes through
            the largest foreground.
        groups: numbers in the label maps, where they are no classes but only keep touching objects apart.
    """

    def draw(plane: Plane, size: tuple[float, float]) -> str:
        return outline_pair(plane.labels[0], plane.labels[1], size, groups or len(names), numbered=not groups)

    voxels = [int(np.count_nonzero(label)) for label in (reference, prediction)]
    said = f"the reference (solid blue, {voxels[0]} voxels) and of the prediction (dashed amber, {voxels[1]} voxels)."
    return case_drawing(image, (reference, prediction), draw, names, geometry=geometry, said=f"the outlines of {said}")


def case_drawing(
    image: NDArray,
    labels: Sequence[NDArray],
    draw: Callable[[Plane, tuple[float, float]], str],
    names: Sequence[str],
    *,
    geometry: Geometry,
    said: str,
) -> str:
    """Return the image beside the image with something drawn over it, as SVG with the voxels as PNG inside.

    Args:
        image: as in ``case_outline``.
        labels: maps ``(I, J[, K])`` that each plane comes with.
        draw: ``(plane, its width and height in the drawing) -> SVG`` of what stands over it.
        names: of the classes, for the legend.
        geometry: as in ``case_outline``.
        said: what is drawn, in words, for readers that see no picture.
    """
    planes = cut_planes(image, labels, geometry)
    layout = _lay_out(planes, copies=2)
    mark = hashlib.sha256(said.encode())
    defs, body = [], []
    for plane, grey, size, corners in zip(planes, _windowed(planes), layout.sizes, layout.corners, strict=True):
        data = _png(grey)
        over = draw(plane, size)
        mark.update(f"{data}{over}".encode())
        name = f"image-{mark.hexdigest()[:12]}"
        defs.append(_image(data, size, f'id="{name}" '))
        for drawn, (left, top) in zip(("", over), corners, strict=True):
            sides = write_sides(plane.sides, size) if plane.sides else ""
            body.append(f'<g transform="translate({left:.1f} {top:.1f})"><use href="#{name}"/>{drawn}{sides}</g>')
        body.append(write_text(corners[0][0], _HEAD - 7, plane.title))
    body.append(write_legend(names, layout.height + 16))
    alt = f"The image ({'; '.join(p.title for p in planes if p.title) or 'one picture'}), plain and with {said}"
    height = layout.height + (44 if len(names) > 1 else 26)
    return write_svg(max(layout.width, _LEGEND), height, alt, f"<defs>{''.join(defs)}</defs>{''.join(body)}")


def case_card(
    image: NDArray,
    lines: Sequence[str],
    geometry: Geometry | None = None,
    *,
    film: tuple[NDArray, Clip] | None = None,
) -> str:
    """Return a case that has one answer: the image (three middle planes in 3-D) with lines of text below, as HTML.

    In place of an image over time stands the film, playing, with some of its frames below.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown, and all three of a 2-D colour picture.
        lines: what is known and predicted, such as ``reference: pneumonia``; the first one is set in bold.
        geometry: of the grid; without it, rows are I and columns J.
        film: frames ``(C, T, I, J[, K])`` of the whole clip and their time axis.
    """
    grid = geometry or geometry_without_spacing(image.shape[1:])
    picture = _still_card(image, lines, grid) if film is None else clip_figure(film[0], grid, film[1])
    words = [html.escape(line) for line in lines]
    text = "<br>".join([f"<strong>{words[0]}</strong>", *words[1:]]) if words else ""
    return f'<div class="case-card">{picture}<p>{text}</p></div>'


def _still_card(image: NDArray, lines: Sequence[str], geometry: Geometry) -> str:
    """Return the planes of a still image beside each other."""
    planes = cut_planes(image, (), geometry)
    layout = _lay_out(planes, copies=1)
    body = []
    for plane, grey, size, corners in zip(planes, _windowed(planes), layout.sizes, layout.corners, strict=True):
        left, top = corners[0]
        sides = write_sides(plane.sides, size) if plane.sides else ""
        body.append(f'<g transform="translate({left:.1f} {top:.1f})">{_image(_png(grey), size)}{sides}</g>')
        body.append(write_text(left, _HEAD - 7, plane.title))
    return write_svg(layout.width, layout.height, f"The image of this case. {'; '.join(lines)}", "".join(body))


def case_heat(
    image: NDArray,
    deviation: NDArray,
    lines: Sequence[str],
    geometry: Geometry,
    *,
    usual: float,
    marked: NDArray | None = None,
) -> str:
    """Return the image beside the image with a map over it and lines of text below, as HTML.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown, and all three of a 2-D colour picture.
        deviation: ``(I, J[, K])``, not negative.
        lines: what is known and found; the first one is set in bold.
        geometry: of the grid; planes of a volume pass through the highest values.
        usual: value up to which there is no colour, the same for all cases of a report.
        marked: label map whose foreground is outlined.
    """
    hot = (deviation >= np.quantile(deviation, _HOT)).astype(np.uint8)
    mask = np.zeros_like(hot) if marked is None else (marked > 0).astype(np.uint8)
    planes = cut_planes(image, (hot, deviation, mask), geometry)
    layout = _lay_out(planes, copies=2)
    body = []
    for plane, grey, size, corners in zip(planes, _windowed(planes), layout.sizes, layout.corners, strict=True):
        _, shown, inside = plane.labels
        outline = outline_pair(inside, np.zeros_like(inside), size, 1) if mask.any() else ""
        heat = _image(_png(_heat(shown, usual)), size)
        for drawn, (left, top) in zip(("", heat + outline), corners, strict=True):
            sides = write_sides(plane.sides, size) if plane.sides else ""
            picture = _image(_png(grey), size)
            body.append(f'<g transform="translate({left:.1f} {top:.1f})">{picture}{drawn}{sides}</g>')
        body.append(write_text(corners[0][0], _HEAD - 7, plane.title))
    alt = f"The image of this case, plain and with a heat map. {'; '.join(lines)}"
    words = [html.escape(line) for line in lines]
    text = "<br>".join([f"<strong>{words[0]}</strong>", *words[1:]]) if words else ""
    return f'<div class="case-card">{write_svg(layout.width, layout.height, alt, "".join(body))}<p>{text}</p></div>'


def _heat(values: NDArray, usual: float) -> NDArray[np.uint8]:
    """Return ``(R, Q, 4)``: clear up to what is usual, then yellow to red and less and less transparent."""
    share = np.clip((np.asarray(values, np.float64) / max(usual, 1e-12) - _CLEAR) / (_FULL - _CLEAR), 0, 1)
    ends = np.array([[255.0, 220.0, 60.0], [200.0, 20.0, 20.0]])
    colour = ends[0] + share[..., None] * (ends[1] - ends[0])
    return np.concatenate([colour, (share**0.5 * _COVER * 255)[..., None]], -1).astype(np.uint8)


def _lay_out(planes: Sequence[Plane], copies: int) -> _Layout:
    """Return the places of all planes at one scale; a single plane's copies stand side by side, others' below."""
    extents = [(p.image.shape[1] * p.size[1], p.image.shape[0] * p.size[0]) for p in planes]
    beside = copies if len(planes) == 1 else 1
    gaps = _GAP * (len(planes) * beside - 1)
    tallest = max(h for _, h in extents)
    scale = min((_WIDTH - gaps) / (sum(w for w, _ in extents) * beside), _TALL / tallest)
    head = _HEAD if any(p.title for p in planes) else 0.0
    left, sizes, corners = 0.0, [], []
    for width, height in ((w * scale, h * scale) for w, h in extents):
        step = (width + _GAP, 0.0) if beside > 1 else (0.0, tallest * scale + _GAP)
        sizes.append((width, height))
        corners.append([(left + n * step[0], head + n * step[1]) for n in range(copies)])
        left += (width + _GAP) * beside
    rows = copies // beside
    return _Layout(sizes, corners, left - _GAP, head + tallest * scale * rows + _GAP * (rows - 1))


def _windowed(planes: Sequence[Plane]) -> list[NDArray[np.uint8]]:
    """Return 8-bit pictures, all with one window: from the 0.5th to the 99.5th percentile of what is shown."""
    images = [p.image for p in planes]
    if all(i.dtype == np.uint8 and i.ndim == 3 for i in images):
        return [np.ascontiguousarray(i) for i in images]
    numbers = [np.nan_to_num(i.astype(np.float64), posinf=0, neginf=0) for i in images]
    low, high = np.percentile(np.concatenate([n.ravel() for n in numbers]), [0.5, 99.5])
    span = high - low or 1.0
    return [np.clip((n - low) / span * 255, 0, 255).astype(np.uint8) for n in numbers]


def _png(picture: NDArray[np.uint8]) -> str:
    from PIL import Image as Picture

    shown = Picture.fromarray(picture)
    if max(shown.size) > _PIXELS:
        share = _PIXELS / max(shown.size)
        shown = shown.resize((max(1, round(shown.width * share)), max(1, round(shown.height * share))))
    buffer = io.BytesIO()
    shown.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _image(data: str, size: tuple[float, float], attributes: str = "") -> str:
    where = f'width="{size[0]:.1f}" height="{size[1]:.1f}"'
    return f'<image {attributes}{where} preserveAspectRatio="none" href="{data}"/>'


def write_legend(names: Sequence[str], top: float) -> str:
    """Return, at a height in a drawing, which line is which, and the names of numbered classes."""
    lines = [
        f'<path d="M0 {top:.1f}h26" stroke="{REFERENCE}" stroke-width="3"/>{write_text(32, top + 4, "reference")}',
        f'<path d="M110 {top:.1f}h26" stroke="{PREDICTION}" stroke-width="3" stroke-dasharray="6 4"/>',
        write_text(142, top + 4, "prediction"),
    ]
    if len(names) > 1:
        shown = " · ".join(f"{n + 1} {shorten(name, 22)}" for n, name in enumerate(names[:NUMBERED]))
        more = f" · and {len(names) - NUMBERED} more" if len(names) > NUMBERED else ""
        lines.append(write_text(0, top + 22, shown + more))
    return "".join(lines)


def write_svg(width: float, height: float, alt: str, body: str) -> str:
    """Return a drawing of a case that shrinks with the page, with words for readers that see no picture."""
    return (
        f'<svg class="case" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="width:100%;max-width:{width:.0f}px;height:auto">{body}</svg>'
    )
