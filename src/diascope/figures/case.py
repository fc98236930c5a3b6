"""One case as a picture: the image, and what reference and prediction say about it."""

import base64
import hashlib
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.figures.outlines import NUMBERED, PREDICTION, REFERENCE, outline_pair, write_sides, write_text
from diascope.figures.planes import Plane, cut_planes
from diascope.figures.style import shorten

_WIDTH, _TALL = 720.0, 290.0
"""Largest width of a drawing and height of one plane in it, in CSS pixels: three planes fit a printed page."""

_GAP, _HEAD, _LEGEND = 10.0, 20.0, 340.0
_PIXELS = 384
"""Pixels kept along a plane's longer edge: what three planes can show beside each other, and a small page."""


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
    planes = cut_planes(image, (reference, prediction), geometry)
    layout = _lay_out(planes, copies=2)
    mark = hashlib.sha256(reference.tobytes() + prediction.tobytes())
    defs, body = [], []
    for plane, grey, size, corners in zip(planes, _windowed(planes), layout.sizes, layout.corners, strict=True):
        data = _png(grey)
        mark.update(data.encode())
        name = f"image-{mark.hexdigest()[:12]}"
        defs.append(_image(data, size, f'id="{name}" '))
        outlines = outline_pair(plane.labels[0], plane.labels[1], size, groups or len(names), numbered=not groups)
        for drawn, (left, top) in zip(("", outlines), corners, strict=True):
            sides = write_sides(plane.sides, size) if plane.sides else ""
            body.append(f'<g transform="translate({left:.1f} {top:.1f})"><use href="#{name}"/>{drawn}{sides}</g>')
        body.append(write_text(corners[0][0], _HEAD - 7, plane.title))
    body.append(_legend(names, layout.height + 16))
    voxels = [int(np.count_nonzero(label)) for label in (reference, prediction)]
    alt = (
        f"The image ({'; '.join(p.title for p in planes if p.title) or 'one picture'}), plain and with the outlines of "
        f"the reference (solid blue, {voxels[0]} voxels) and of the prediction (dashed amber, {voxels[1]} voxels)."
    )
    height = layout.height + (44 if len(names) > 1 else 26)
    return _svg(max(layout.width, _LEGEND), height, alt, f"<defs>{''.join(defs)}</defs>{''.join(body)}")


def case_card(image: NDArray, lines: Sequence[str], geometry: Geometry | None = None) -> str:
    """Return a case that has one answer: the image (three middle planes in 3-D) with lines of text below, as HTML.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown, and all three of a 2-D colour picture.
        lines: what is known and predicted, such as ``reference: pneumonia``; the first one is set in bold.
        geometry: of the grid; without it, rows are I and columns J.
    """
    planes = cut_planes(image, (), geometry or geometry_without_spacing(image.shape[1:]))
    layout = _lay_out(planes, copies=1)
    body = []
    for plane, grey, size, corners in zip(planes, _windowed(planes), layout.sizes, layout.corners, strict=True):
        left, top = corners[0]
        sides = write_sides(plane.sides, size) if plane.sides else ""
        body.append(f'<g transform="translate({left:.1f} {top:.1f})">{_image(_png(grey), size)}{sides}</g>')
        body.append(write_text(left, _HEAD - 7, plane.title))
    picture = _svg(layout.width, layout.height, f"The image of this case. {'; '.join(lines)}", "".join(body))
    words = [html.escape(line) for line in lines]
    text = "<br>".join([f"<strong>{words[0]}</strong>", *words[1:]]) if words else ""
    return f'<div class="case-card">{picture}<p>{text}</p></div>'


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


def _legend(names: Sequence[str], top: float) -> str:
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


def _svg(width: float, height: float, alt: str, body: str) -> str:
    return (
        f'<svg class="case" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="width:100%;max-width:{width:.0f}px;height:auto">{body}</svg>'
    )
