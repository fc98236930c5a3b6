"""A film with the outlines of reference and prediction: some of its frames side by side."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Film
from diascope.figures.case import write_legend, write_svg
from diascope.figures.clip import encode_frames, window_frames
from diascope.figures.outlines import outline_pair, write_text
from diascope.figures.planes import Plane, cut_planes

_SHOWN, _ROW, _WIDTH, _GAP, _HEAD, _LEGEND = 8, 4, 720.0, 8.0, 20.0, 44.0
"""Frames shown, how many in a row, and width, gap, height of the titles and of the legend in CSS pixels (chosen here:
two rows fit beside text on a printed page)."""


def film_outlines(image: NDArray, reference: NDArray, prediction: NDArray, names: Sequence[str], film: Film) -> str:
    """Return frames with reference and prediction outlined, each with its time, as SVG.

    Args:
        image: ``(C, I, J, T)``; the first channel is shown, and all three of a colour film.
        reference: label map ``(I, J, T)``, class n as the number n + 1 and background as 0.
        prediction: the same.
        names: of the foreground classes.
        film: the grid of a frame, and the time axis.
    """
    picks = np.unique(np.linspace(0, film.clip.frames - 1, min(_SHOWN, film.clip.frames)).round().astype(int))
    shown = [_frame(image[..., t], film) for t in picks]
    pictures = window_frames([plane.image for plane in shown])
    width, pixel = (_WIDTH - _GAP * (_ROW - 1)) / _ROW, shown[0].size
    rows, columns = pictures[0].shape[:2]
    size = width, width * rows * pixel[0] / (columns * pixel[1])
    body = []
    for place, (t, picture) in enumerate(zip(picks, pictures, strict=True)):
        left, top = place % _ROW * (width + _GAP), place // _ROW * (size[1] + _HEAD + _GAP)
        known, found = (_frame(labels[None, ..., t], film).image for labels in (reference, prediction))
        body.append(write_text(left, top + _HEAD - 6, _title(int(t), film)))
        where = f'width="{size[0]:.1f}" height="{size[1]:.1f}" preserveAspectRatio="none"'
        drawn = f'<image {where} href="{encode_frames([picture], [0])}"/>{outline_pair(known, found, size, len(names))}'
        body.append(f'<g transform="translate({left:.1f} {top + _HEAD:.1f})">{drawn}</g>')
    total = -(-len(picks) // _ROW) * (size[1] + _HEAD + _GAP)
    body.append(write_legend(names, total + 12))
    alt = (
        f"{len(picks)} of the clip's {film.clip.frames} frames side by side, with the outlines of the reference (solid "
        "blue) and of the prediction (dashed amber)"
    )
    return write_svg(_WIDTH, total + _LEGEND, alt, "".join(body))


def _frame(frame: NDArray, film: Film) -> Plane:
    """Return a frame ``(C, I, J)`` the way round in which it is looked at."""
    return cut_planes(frame, (), film.frame)[0]


def _title(number: int, film: Film) -> str:
    """Return a frame's time, or its number where that is unknown."""
    return f"frame {number + 1}" if film.clip.times_s is None else f"{film.clip.times_s[number]:.2f} s"
