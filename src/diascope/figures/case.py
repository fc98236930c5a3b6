"""One case as a picture: the image, and what reference and prediction say about it."""

import base64
import hashlib
import html
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.figures.planes import Plane, cut_planes
from diascope.figures.style import shorten

REFERENCE, PREDICTION = "#4cc9ff", "#ffb000"
"""Light blue, solid, against amber, dashed: apart on a grey image for colour-blind eyes too, and in greyscale."""

_WIDTH, _GAP, _HEAD, _LOWEST = 720.0, 10.0, 20.0, 330.0
_PIXELS = 384
"""Pixels kept along a plane's longer edge: what three planes can show beside each other, and a small page."""

_NUMBERED = 8
"""Classes whose number is written into the picture."""


def case_outline(
    image: NDArray,
    reference: NDArray,
    prediction: NDArray,
    names: Sequence[str],
    geometry: Geometry,
) -> str:
    """Return the image beside the image with reference and prediction outlined, as SVG with the voxels as PNG inside.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown.
        reference: label map ``(I, J[, K])``, class n as the number n + 1 and background as 0.
        prediction: the same.
        names: of the foreground classes.
        geometry: of the grid; gives the aspect and, in 3-D, radiological axial, coronal and sagittal planes through
            the largest foreground.
    """
    planes = cut_planes(image, (reference, prediction), geometry)
    shown = _windowed([p.image for p in planes])
    boxes, height = _lay_out(planes, rows=2 if len(planes) > 1 else 1)
    marks, defs, body = hashlib.sha256(), [], []
    for plane, grey, places in zip(planes, shown, boxes, strict=True):
        data = _png(grey)
        marks.update(data.encode() + plane.labels[0].tobytes() + plane.labels[1].tobytes())
        mark = marks.hexdigest()[:12]
        _, _, width, tall = places[0]
        defs.append(
            f'<image id="i{mark}" width="{width:.1f}" height="{tall:.1f}" preserveAspectRatio="none" href="{data}"/>'
        )
        for place, (left, top, _, _) in enumerate(places):
            body.append(f'<g transform="translate({left:.1f} {top:.1f})"><use href="#i{mark}"/>')
            if place == 1:
                body.append(_outlines(plane, width, tall, len(names)))
            body.append(f"{_letters(plane, width, tall)}</g>")
        body.append(_text(places[0][0], places[0][1] - 6, plane.title, anchor="start"))
    body.append(_legend(names, height + 16))
    voxels = [int(np.count_nonzero(label)) for label in (reference, prediction)]
    alt = (
        f"The image ({'; '.join(p.title for p in planes if p.title) or 'one picture'}), plain and with the outlines of "
        f"the reference (solid blue, {voxels[0]} voxels) and of the prediction (dashed amber, {voxels[1]} voxels)."
    )
    return _svg(height + 26 + 16 * ((len(names) > 1) + 0), alt, "".join(defs), "".join(body))


def case_card(image: NDArray, lines: Sequence[str], geometry: Geometry | None = None) -> str:
    """Return a case that has one answer: the image (three middle planes in 3-D) with lines of text below, as HTML.

    Args:
        image: ``(C, I, J[, K])``; the first channel is shown, and all three of a 2-D colour picture.
        lines: what is known and predicted, such as ``reference: pneumonia``; the first one is set in bold.
        geometry: of the grid; without it, rows are I and columns J.
    """
    grid = geometry or geometry_without_spacing(image.shape[1:])
    planes = cut_planes(image, (), grid)
    boxes, height = _lay_out(planes, rows=1)
    body = []
    for plane, grey, places in zip(planes, _windowed([p.image for p in planes]), boxes, strict=True):
        left, top, width, tall = places[0]
        body.append(
            f'<g transform="translate({left:.1f} {top:.1f})"><image width="{width:.1f}" height="{tall:.1f}" '
            f'preserveAspectRatio="none" href="{_png(grey)}"/>{_letters(plane, width, tall)}</g>'
        )
        body.append(_text(left, top - 6, plane.title, anchor="start"))
    text = [html.escape(line) for line in lines]
    words = "".join(f"<strong>{t}</strong>" if n == 0 else f"<br>{t}" for n, t in enumerate(text))
    picture = _svg(height, f"The image of this case. {'; '.join(lines)}", "", "".join(body))
    return f'<div class="case-card">{picture}<p>{words}</p></div>'


def _lay_out(planes: Sequence[Plane], rows: int) -> tuple[list[list[tuple[float, float, float, float]]], float]:
    """Return for each plane its places ``(left, top, width, height)``, and the height of all.

    All planes have one scale. A single plane stands twice in a row where it is also outlined; several planes stand in a
    row each, plain above outlined.
    """
    sizes = [(p.image.shape[1] * p.size[1], p.image.shape[0] * p.size[0]) for p in planes]
    across = sum(w for w, _ in sizes) if len(planes) > 1 else 2 * sizes[0][0]
    tallest = max(h for _, h in sizes)
    gaps = _GAP * (max(len(planes), 2) - 1)
    scale = min((_WIDTH - gaps) / across, (_LOWEST if rows == 1 else 0.7 * _LOWEST) / tallest)
    left, places = 0.0, []
    for width, height in ((w * scale, h * scale) for w, h in sizes):
        top = _HEAD if planes[0].title else 0.0
        second = (left, top + tallest * scale + _GAP) if rows == 2 else (left + width + _GAP, top)
        places.append([(left, top, width, height), (*second, width, height)])
        left += width + _GAP
    top = _HEAD if planes[0].title else 0.0
    return places, top + (tallest * scale) * rows + _GAP * (rows - 1)


def _windowed(images: Sequence[NDArray]) -> list[NDArray[np.uint8]]:
    """Return 8-bit pictures, all with one window: from the 0.5th to the 99.5th percentile of what is shown."""
    if all(i.dtype == np.uint8 and i.ndim == 3 for i in images):
        return [np.ascontiguousarray(i) for i in images]
    numbers = [
        np.nan_to_num(np.abs(i) if np.iscomplexobj(i) else i.astype(np.float64), posinf=0, neginf=0) for i in images
    ]
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


def _outlines(plane: Plane, width: float, height: float, classes: int) -> str:
    """Return both label maps as closed curves; a dark edge beneath keeps them visible on bright tissue."""
    reference, prediction = (
        "".join(_path(label == c + 1, width, height) for c in range(classes)) for label in plane.labels
    )
    style = 'fill="none" stroke-linejoin="round"'
    numbers = _numbers(plane.labels[0], width, height, classes) if 1 < classes <= _NUMBERED else ""
    return (
        f'<path d="{reference}" {style} stroke="#000" stroke-opacity=".45" stroke-width="3"/>'
        f'<path d="{reference}" {style} stroke="{REFERENCE}" stroke-width="1.7"/>'
        f'<path d="{prediction}" {style} stroke="{PREDICTION}" stroke-width="1.7" stroke-dasharray="4.5 3"/>{numbers}'
    )


def _path(mask: NDArray[np.bool_], width: float, height: float) -> str:
    """Return the mask's outlines as SVG path data, half a pixel's tolerance of the drawing."""
    from skimage.measure import approximate_polygon, find_contours

    if not mask.any():
        return ""
    scale = np.array([height / mask.shape[0], width / mask.shape[1]])
    parts = []
    for curve in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
        points = approximate_polygon((curve - 0.5) * scale, 0.35)
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in points[:-1]) + "Z")
    return "".join(parts)


def _numbers(label: NDArray, width: float, height: float, classes: int) -> str:
    """Return each class's number, written where its reference is thickest."""
    from scipy.ndimage import distance_transform_edt

    found = []
    for c in range(classes):
        mask = np.pad(label == c + 1, 1)
        if mask.any():
            depth = np.asarray(distance_transform_edt(mask))
            row, column = np.unravel_index(int(depth.argmax()), mask.shape)
            x, y = (column - 0.5) * width / label.shape[1], (row - 0.5) * height / label.shape[0]
            found.append(_text(x, y + 4, str(c + 1), colour="#fff", halo=True))
    return "".join(found)


def _letters(plane: Plane, width: float, height: float) -> str:
    if plane.sides is None:
        return ""
    left, right, top, _ = plane.sides
    places = ((8, height / 2 + 4, left), (width - 8, height / 2 + 4, right), (width / 2, 13, top))
    return "".join(_text(x, y, letter, colour="#fff", halo=True) for x, y, letter in places)


def _legend(names: Sequence[str], top: float) -> str:
    lines = [
        f'<path d="M0 {top:.1f}h26" stroke="{REFERENCE}" stroke-width="3"/>',
        _text(32, top + 4, "reference", anchor="start"),
        f'<path d="M110 {top:.1f}h26" stroke="{PREDICTION}" stroke-width="3" stroke-dasharray="6 4"/>',
        _text(142, top + 4, "prediction", anchor="start"),
    ]
    if len(names) > 1:
        shown = " · ".join(f"{n + 1} {shorten(name, 22)}" for n, name in enumerate(names[:_NUMBERED]))
        more = f" · and {len(names) - _NUMBERED} more" if len(names) > _NUMBERED else ""
        lines.append(_text(0, top + 22, shown + more, anchor="start"))
    return "".join(lines)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = "#3a4651", halo: bool = False) -> str:
    edge = ' stroke="#000" stroke-opacity=".6" stroke-width="2.5" paint-order="stroke"' if halo else ""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} font-size="12" fill="{colour}"{edge}>{html.escape(text)}</text>'


def _svg(height: float, alt: str, defs: str, body: str) -> str:
    return (
        f'<svg class="case" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {_WIDTH:g} {height:.0f}" '
        f'style="width:100%;max-width:{_WIDTH:g}px;height:auto"><defs>{defs}</defs>{body}</svg>'
    )
