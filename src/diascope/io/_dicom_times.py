"""When each frame of a DICOM film was taken (PS3.3 C.7.6.5, the Cine module, and C.7.6.6, the Multi-frame module)."""

from typing import TYPE_CHECKING

import numpy as np

from diascope.core.clip import Clip, even_clip
from diascope.core.errors import GeometryError
from diascope.io._dicom_values import number, text, texts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FILMING = {"US", "IVUS", "XA", "RF", "ES", "XC", "GM"}
"""Modalities (0008,0060) whose frames follow each other in time unless they lie at places of the patient."""

FRAME_TIME, FRAME_TIME_VECTOR = "00181063", "00181065"


def film_of(header: "Dataset", frames: int) -> Clip | None:
    """Return the time axis of frames without a place in the patient, or None where they are no film.

    Times come from the Frame Time Vector, else the Frame Time, else the Cine Rate, else the Recommended Display Frame
    Rate, which is how fast the film is to be shown and usually how fast it was taken.
    """
    steps = _vector(header, frames)
    if steps is not None:
        return _checked(np.cumsum([0.0, *steps]), frames)
    step = number(header, "FrameTime")
    if step is not None and step > 0:
        return even_clip(frames, step / 1000)
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = number(header, keyword)
        if rate is not None and rate > 0:
            return even_clip(frames, 1 / rate)
    return Clip(frames) if text(header, "Modality").upper() in FILMING or _points_to_time(header) else None


def _vector(header: "Dataset", frames: int) -> list[float] | None:
    """Return the seconds between frames that the Frame Time Vector holds (its first value is 0), or None."""
    try:
        values = [float(v) / 1000 for v in texts(header, "FrameTimeVector")]
    except ValueError:
        return None
    return values[1:] if len(values) == frames > 1 else None


def _checked(times: np.ndarray, frames: int) -> Clip:
    """Return the clip of these times; ones that do not grow are not known."""
    try:
        return Clip(frames, tuple(float(t) for t in times))
    except GeometryError:
        return Clip(frames)


def _points_to_time(header: "Dataset") -> bool:
    """Answer whether the Frame Increment Pointer names a frame's time."""
    pointer = text(header, "FrameIncrementPointer").replace("(", "").replace(")", "").replace(",", "").replace(" ", "")
    return FRAME_TIME in pointer or FRAME_TIME_VECTOR in pointer
