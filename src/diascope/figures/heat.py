"""One case with a map of numbers laid over it."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry
from diascope.figures.case import draw_planes, lay_out, to_picture
from diascope.figures.outlines import outline_pair
from diascope.figures.planes import cut_planes
from diascope.figures.style import COLOURS

HOT = 0.98
"""Quantile of the map through whose voxels the planes of a volume pass (chosen here)."""
CLEAR, FULL = 1.0, 4.0
"""Colour begins at so many times what is usual, and is full at so many (chosen here)."""
COVER = 0.75
"""Opacity of the full colour: the image stays visible."""


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
        geometry: of the grid.
        usual: value up to which there is no colour, the same for all cases of a report.
        marked: label map whose foreground is outlined.
    """
    hot = (deviation >= np.quantile(deviation, HOT)).astype(np.uint8)
    mask = np.zeros_like(hot) if marked is None else (marked > 0).astype(np.uint8)
    planes = cut_planes(image, (hot, np.asarray(deviation), mask), geometry)
    layout = lay_out(planes, copies=2)
    overlays = []
    for plane, size in zip(planes, layout.sizes, strict=True):
        colour = _image(_coloured(plane.labels[1], usual), size)
        outline = outline_pair(plane.labels[2], np.zeros_like(plane.labels[2]), size, 1) if mask.any() else ""
        overlays.append(colour + outline)
    alt = f"The image of this case, plain and with a heat map. {'; '.join(lines)}"
    words = [html.escape(line) for line in lines]
    text = "<br>".join([f"<strong>{words[0]}</strong>", *words[1:]]) if words else ""
    return f'<div class="case-card">{draw_planes(planes, layout, overlays, alt)}<p>{text}</p></div>'
