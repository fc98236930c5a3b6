"""A clip plays in the report, and its frames stand side by side with their times."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image as Pillow

from diascope.core.clip import Clip, even_clip
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.figures.clip import clip_figure


def film(frames: int, size: tuple[int, ...] = (20, 30), channels: int = 1) -> np.ndarray:
    planes = np.random.default_rng(0).integers(0, 60, (channels, frames, *size)).astype(np.uint8)
    return planes + np.arange(frames, dtype=np.uint8).reshape(1, -1, *[1] * len(size)) * 3


def pictures(html: str) -> list[Pillow.Image]:
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    return [Pillow.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_figure_plays_all_frames_as_fast_as_they_were_taken_and_shows_eight() -> None:
    html = clip_figure(film(20), geometry_without_spacing((20, 30)), even_clip(20, 0.05))
    playing, *strip = pictures(html)
    assert playing.n_frames == 20  # type: ignore[attr-defined]
    assert playing.info["duration"] == pytest.approx(50)
    assert len(strip) == 8
    assert html.count(" s</text>") == 8
    assert "as fast as it was taken" in html


def test_frames_without_times_are_numbered() -> None:
    html = clip_figure(film(3), geometry_without_spacing((20, 30)), Clip(3))
    assert [f"frame {n}" in html for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "assumed rate" in html


def test_long_film_is_thinned_out_and_plays_faster_and_says_so() -> None:
    html = clip_figure(film(80), geometry_without_spacing((20, 30)), even_clip(80, 0.3))
    assert pictures(html)[0].n_frames == 32  # type: ignore[attr-defined]
    assert re.search(r"plays 4\.\d* times as fast", html)


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_and_volumes_have_a_figure(channels: int) -> None:
    clip = even_clip(4, 0.1)
    flat = clip_figure(film(4, channels=channels), geometry_without_spacing((20, 30)), clip)
    assert pictures(flat)[0].convert("RGB").size == (30, 20)
    if channels == 1:
        volume = Geometry((20, 30, 10), np.diag([1.0, 1.0, 3.0, 1.0]))
        assert len(pictures(clip_figure(film(4, (20, 30, 10)), volume, clip))) == 5
