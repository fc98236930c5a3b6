"""An image over time as a picture: it plays, and some of its frames stand side by side."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.geometry import Geometry
from diascope.figures.outlines import write_text
from diascope.figures.planes import cut_planes

_STRIP, _ROW, _WIDTH, _GAP, _HEAD = 8, 4, 300.0, 4.0, 18.0
"""Frames shown, how many of them in a row, and width, gaps and height of the titles in CSS pixels: a card of the report
is about so wide (chosen here)."""

_PLAYED, _PIXELS = 32, 160
"""Most frames that play, and pixels kept along their longer edge: 32 grey frames of 160 x 160 take about 400 kB."""

_USUAL_STEP_S = 0.08
"""Between frames whose times are unknown; and a film longer than ``_LONGEST_S`` plays faster than it was taken."""
_LONGEST_S = 6.0


def clip_figure(frames: NDArray, geometry: Geometry, clip: Clip) -> str:
    """Return a clip as HTML: an animated PNG that plays for ever, and below it some frames with their times.

    Args:
        frames: ``(C, T, I, J[, K])``; the first channel is shown, or three of a colour film. Of volumes one plane is.
        geometry: of the grid of each frame.
        clip: its time axis.
    """
    planes = [cut_planes(frames[:, t], (), geometry)[0] for t in range(frames.shape[1])]
    pictures = window_frames([p.image for p in planes])
    rows, columns = pictures[0].shape[:2]
    aspect = columns * planes[0].size[1] / (rows * planes[0].size[0])
    data, pace = _animated(pictures, clip)
    style = f"width:{_WIDTH:.0f}px;max-width:100%;aspect-ratio:{aspect:.4f}"
    film = f'<img src="{data}" alt="The image over time, {clip.describe()}, playing{pace}" style="{style}">'
    return f"{film}<p>{clip.describe()}; it plays{pace}.</p>{_strip(pictures, aspect, clip)}"


def _strip(pictures: Sequence[NDArray[np.uint8]], aspect: float, clip: Clip) -> str:
    """Return some frames side by side as SVG, each with its time, or its number where that is unknown."""
    picks = np.unique(np.linspace(0, len(pictures) - 1, min(_STRIP, len(pictures))).round().astype(int))
    width = (_WIDTH - _GAP * (_ROW - 1)) / _ROW
    height = width / aspect
    body = []
    for place, number in enumerate(picks):
        left, top = place % _ROW * (width + _GAP), place // _ROW * (height + _HEAD + _GAP)
        title = f"frame {number + 1}" if clip.times_s is None else f"{clip.times_s[number]:.2f} s"
        body.append(write_text(left, top + _HEAD - 5, title))
        where = f'x="{left:.1f}" y="{top + _HEAD:.1f}" width="{width:.1f}" height="{height:.1f}"'
        body.append(f'<image {where} preserveAspectRatio="none" href="{encode_frames([pictures[number]], [0])}"/>')
    alt = f"{len(picks)} of the clip's {len(pictures)} frames side by side"
    total = -(-len(picks) // _ROW) * (height + _HEAD + _GAP) - _GAP
    return (
        f'<svg class="case strip" role="img" aria-label="{alt}" viewBox="0 0 {_WIDTH:.0f} {total:.0f}" '
        f'style="width:100%;max-width:{_WIDTH:.0f}px;height:auto">{"".join(body)}</svg>'
    )


def _animated(pictures: Sequence[NDArray[np.uint8]], clip: Clip) -> tuple[str, str]:
    """Return an animated PNG as a data URI, and how fast it plays in words."""
    picks = np.unique(np.linspace(0, len(pictures) - 1, min(_PLAYED, len(pictures))).round().astype(int))
    times = np.arange(len(pictures)) * _USUAL_STEP_S if clip.times_s is None else np.asarray(clip.times_s)
    starts = times[picks]
    steps = np.diff(starts, append=starts[-1] + (starts[-1] - starts[0]) / max(1, len(starts) - 1))
    faster = max(1.0, float(steps.sum()) / _LONGEST_S)
    pace = " at an assumed rate" if clip.times_s is None else " as fast as it was taken"
    pace = f" {faster:.3g} times as fast as it was taken" if faster > 1 and clip.times_s is not None else pace
    milliseconds = [max(20, round(1000 * s / faster)) for s in steps]
    return encode_frames([pictures[n] for n in picks], milliseconds), pace


def encode_frames(pictures: Sequence[NDArray[np.uint8]], milliseconds: Sequence[int]) -> str:
    """Return a PNG, animated where there are several pictures, as a data URI."""
    from PIL import Image as Picture

    shown = [Picture.fromarray(p) for p in pictures]
    share = _PIXELS / max(shown[0].size)
    if share < 1:
        shown = [p.resize((max(1, round(p.width * share)), max(1, round(p.height * share)))) for p in shown]
    buffer = io.BytesIO()
    if len(shown) > 1:
        shown[0].save(
            buffer, "PNG", save_all=True, append_images=shown[1:], duration=list(milliseconds), loop=0, optimize=True
        )
    else:
        shown[0].save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def window_frames(pictures: Sequence[NDArray]) -> list[NDArray[np.uint8]]:
    """Return 8-bit pictures, all frames with one window: from the 0.5th to the 99.5th percentile of the whole clip."""
    if all(p.dtype == np.uint8 and p.ndim == 3 for p in pictures):
        return [np.ascontiguousarray(p) for p in pictures]
    numbers = [np.nan_to_num(p.astype(np.float32), posinf=0, neginf=0) for p in pictures]
    low, high = np.percentile(np.concatenate([n.ravel() for n in numbers]), [0.5, 99.5])
    span = high - low or 1.0
    return [np.clip((n - low) / span * 255, 0, 255).astype(np.uint8) for n in numbers]
