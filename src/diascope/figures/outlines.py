"""Label maps as closed curves over a picture, and the letters and numbers written into it."""

import html

import numpy as np
from numpy.typing import NDArray

REFERENCE, PREDICTION = "#4cc9ff", "#ffb000"
"""Light blue, solid, against amber, dashed: apart on a grey image for colour-blind eyes too, and in greyscale."""

NUMBERED = 8
"""Classes whose number is written into the picture."""

_TOLERANCE = 0.35
"""How far a curve may be simplified, in units of the drawing: less than its line is wide."""


def outline_pair(
    reference: NDArray, prediction: NDArray, size: tuple[float, float], classes: int, *, numbered: bool = True
) -> str:
    """Return both label maps ``(R, Q)`` as SVG curves over a picture of ``size`` (width, height).

    A dark edge beneath keeps them visible on bright tissue. If ``numbered``, each class's number stands where its
    reference is thickest.
    """
    known, found = ("".join(_path(label == c + 1, size) for c in range(classes)) for label in (reference, prediction))
    style = 'fill="none" stroke-linejoin="round"'
    numbers = _numbers(reference, size, classes) if numbered and 1 < classes <= NUMBERED else ""
    return (
        f'<path d="{known}" {style} stroke="#000" stroke-opacity=".45" stroke-width="3"/>'
        f'<path d="{known}" {style} stroke="{REFERENCE}" stroke-width="1.7"/>'
        f'<path d="{found}" {style} stroke="{PREDICTION}" stroke-width="1.7" stroke-dasharray="4.5 3"/>{numbers}'
    )


def write_text(x: float, y: float, text: str, *, anchor: str = "start", over_image: bool = False) -> str:
    """Return an SVG text; over an image it is white with a dark edge."""
    colour, edge = "#3a4651", ""
    if over_image:
        colour, edge = "#fff", ' stroke="#000" stroke-opacity=".6" stroke-width="2.5" paint-order="stroke"'
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} font-size="12" fill="{colour}"{edge}>{html.escape(text)}</text>'


def write_sides(sides: tuple[str, str, str], size: tuple[float, float]) -> str:
    """Return the letters of the left, right and upper side of a picture of ``size`` (width, height)."""
    width, height = size
    places = ((9, height / 2 + 4), (width - 9, height / 2 + 4), (width / 2, 14))
    return "".join(
        write_text(x, y, letter, anchor="middle", over_image=True) for (x, y), letter in zip(places, sides, strict=True)
    )


def _path(mask: NDArray[np.bool_], size: tuple[float, float]) -> str:
    """Return the mask's outlines as SVG path data."""
    from skimage.measure import approximate_polygon, find_contours

    if not mask.any():
        return ""
    scale = np.array([size[1] / mask.shape[0], size[0] / mask.shape[1]])
    parts = []
    for curve in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
        points = approximate_polygon((curve - 0.5) * scale, _TOLERANCE)
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in points[:-1]) + "Z")
    return "".join(parts)


def _numbers(label: NDArray, size: tuple[float, float], classes: int) -> str:
    from scipy.ndimage import distance_transform_edt

    written = []
    for c in range(classes):
        mask = np.pad(label == c + 1, 1)
        if mask.any():
            depth = np.asarray(distance_transform_edt(mask))
            row, column = np.unravel_index(int(depth.argmax()), mask.shape)
            x, y = (column - 0.5) * size[0] / label.shape[1], (row - 0.5) * size[1] / label.shape[0]
            written.append(write_text(x, y + 4, str(c + 1), anchor="middle", over_image=True))
    return "".join(written)
