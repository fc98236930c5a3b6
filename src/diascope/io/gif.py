"""GIF: a picture, or a film whose frames say how long each is shown.

Grey palettes give one channel, all others red, green and blue. A file whose frames are shown for no time does not say
when they were taken. Transparency is left out.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header, Reader
from diascope.io._files import first_bytes, reading

WHAT = "a GIF picture"
TRAILER = b"\x3b"
"""The byte that ends every GIF (GIF89a specification, section 27)."""


@dataclass(frozen=True, eq=False)
class _Film:
    """All frames as red, green and blue, ``(T, rows, columns, 3)``, and how long each is shown."""

    frames: NDArray[np.uint8]
    shown_s: tuple[float, ...]


def is_readable(path: Path) -> bool:
    """Answer whether the file starts like a GIF."""
    return first_bytes(path, 6) in (b"GIF87a", b"GIF89a")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from PIL import Image as Picture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Picture.open(path, formats=("GIF",)) as picture:
            yield picture


def _decode(path: Path) -> _Film:
    """Return every frame; frames that store only what changed are completed.

    Raises:
        ReadError: the file ends before its last frame.
    """
    if not path.read_bytes().rstrip(b"\0").endswith(TRAILER):
        raise ReadError(
            f"{path.name} is cut short", expected="a GIF with its end mark", got="none", fix="copy it again"
        )
    frames, shown = [], []
    with _opened(path) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            frames.append(np.array(picture.convert("RGB")))
            shown.append(float(picture.info.get("duration", 0)) / 1000)
    return _Film(np.stack(frames), tuple(shown))


def _clip(film: _Film) -> Clip | None:
    """Return the time axis; a single frame has none."""
    if len(film.frames) < 2:
        return None
    known = all(s > 0 for s in film.shown_s)
    starts = np.cumsum([0.0, *film.shown_s[:-1]]).round(6)
    return Clip(len(film.frames), tuple(float(s) for s in starts) if known else None)


def _image(film: _Film) -> Image:
    is_grey = bool((film.frames[..., :1] == film.frames[..., 1:]).all())
    planes = film.frames[..., :1] if is_grey else film.frames
    size = planes.shape[1:3]
    array = np.ascontiguousarray(np.moveaxis(planes, -1, 0)).reshape(-1, *size)
    clip = _clip(film)
    notes = (f"The frames were read as time: {clip.describe()}.",) if clip else ()
    return Image(array, geometry_without_spacing(size), notes=notes, clip=clip)


def read(path: Path, source: Source) -> Image:
    """Return the picture or the film; see ``Reader.read``."""
    with reading(path, WHAT):
        return _image(_decode(path))


def read_header(path: Path, source: Source) -> Header:
    """Return what the file says; its frames are decoded, as only they say whether they are grey."""
    image = read(path, source)
    planes = image.channels // (image.clip.frames if image.clip else 1)
    return Header(
        image.geometry,
        image.channels,
        image.array.dtype.name,
        notes=image.notes,
        photographic=planes == 3,
        clip=image.clip,
    )


READER = Reader("gif", (".gif",), is_readable, read, read_header, rows_first=True)
