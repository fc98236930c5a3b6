"""The frames of a clip as an axis of its grid, for labels that every frame has; and back, for writing.

``(T, I, J)`` frames that are planes become ``(I, J, T)``. The labels of a clip come in more forms than the clip itself,
as many programs write no time into a label map: planes without a time are frames too, and so are a volume's slices.
"""

from dataclasses import replace

import numpy as np

from diascope.core.clip import Clip
from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry, geometry_of_film
from diascope.core.image import Image
from diascope.core.ports.reader import Header


def _frame_of(grid: Geometry) -> Geometry:
    """Return the grid of one slice of a volume, whose slices are frames."""
    return Geometry(grid.shape[:2], grid.affine, grid.has_spacing)


def _time_of(header: Header) -> Clip:
    """Return the time axis of planes or slices: all planes but a picture's three colours are frames."""
    if header.clip is not None:
        return header.clip
    if header.geometry.ndim == 3 and header.channels == 1:
        return Clip(header.geometry.shape[2])
    return Clip(1 if header.photographic else header.channels)


def header_of_film(header: Header) -> Header:
    """Return what a file says of itself as a film with the grid ``(I, J, T)``.

    Raises:
        GeometryError: its frames are volumes.
    """
    clip = _time_of(header)
    slices = header.clip is None and header.geometry.ndim == 3 and header.channels == 1
    frame = _frame_of(header.geometry) if slices else header.geometry
    channels = 1 if slices else header.channels // clip.frames
    return replace(header, geometry=geometry_of_film(frame, clip), channels=channels, clip=None)


def film_of(image: Image) -> Image:
    """Return a clip ``(C * T, I, J)``, or labels of its frames in any form, as ``(C, I, J, T)``.

    Raises:
        GeometryError: its frames are volumes.
    """
    photographic = image.channels == 3 and image.array.dtype == np.uint8
    header = Header(image.geometry, image.channels, "", photographic=photographic, clip=image.clip)
    grid = header_of_film(header).geometry
    array = image.array
    if image.geometry.ndim == 2:
        array = np.moveaxis(array.reshape(-1, grid.shape[-1], *grid.shape[:2]), 1, -1)
    return replace(image, array=np.ascontiguousarray(array), geometry=grid, clip=None)


def clip_of_film(image: Image) -> Image:
    """Return a film ``(C, I, J, T)`` as the clip that formats hold: frames as planes, on the grid of one frame.

    Raises:
        GeometryError: the image is no film.
    """
    film = image.geometry.film
    if film is None:
        raise GeometryError("the image is no film", expected="a grid of frames", got=image.geometry.describe())
    planes = np.ascontiguousarray(np.moveaxis(image.array, -1, 1)).reshape(-1, *film.frame.shape)
    return replace(image, array=planes, geometry=film.frame, clip=film.clip)
