"""Films of a beating ring whose two classes differ in their motion alone.

The ring is a heart's left ventricle in a short-axis picture, over most of its contraction or of its relaxation. A film
of one class is one of the other played backwards: both hold the same frames, so that no single frame, nor all of them
in any order, says which is which. Size, place, brightness, the part of the beat, frame rate and length differ from film
to film.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diascope.core.clip import even_clip
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image

CLASSES = ("contracting", "relaxing")

FRAMES_A_SECOND = (30.0, 60.0)
SECONDS = (0.3, 0.45)
"""Systole lasts about .3 s at rest and diastole .5 s (any textbook of physiology); the two are given one range here, so
that the length of a film says nothing either. This range and all further ones are chosen here."""
FIRST, LAST = (0.0, 0.3), (0.7, 1.0)
"""Where in the contraction, from 0 to 1, a film begins and ends."""
RADIUS_SHARE = (0.2, 0.3)
"""Of the picture's edge, when the ring is widest."""
EJECTED_SHARE = (0.35, 0.55)
"""By which the radius shrinks."""
WALL_SHARE = 0.07
SHIFT_SHARE = 0.1
NOISE = (8.0, 20.0)
SPECKLE = 40.0
TISSUE, BLOOD, WALL = 60.0, 30.0, 170.0


def draw_beating_ring(label: str, *, size: int, rng: np.random.Generator) -> Image:
    """Return a film of one class, ``(T, size, size)`` uint8, rows and columns of each frame.

    Args:
        label: ``contracting`` or ``relaxing``.
        size: edge of the picture in pixels.
        rng: where everything else comes from.
    """
    rate = rng.uniform(*FRAMES_A_SECOND)
    frames = round(rng.uniform(*SECONDS) * rate)
    phase = np.linspace(rng.uniform(*FIRST), rng.uniform(*LAST), frames)
    shrunk = rng.uniform(*EJECTED_SHARE) * (0.5 - 0.5 * np.cos(np.pi * phase))
    radii = size * rng.uniform(*RADIUS_SHARE) * (1 - shrunk)
    centre = (size - 1) / 2 + rng.uniform(-SHIFT_SHARE, SHIFT_SHARE, 2) * size
    speckle = ndimage.gaussian_filter(rng.standard_normal((size, size)), 1.0) * SPECKLE
    film = np.stack([_picture(size, centre, radius) for radius in radii]) * rng.uniform(0.7, 1.2) + speckle
    film += rng.standard_normal(film.shape) * rng.uniform(*NOISE)
    array = np.clip(np.rint(film), 0, 255).astype(np.uint8)
    played = array if label == CLASSES[0] else array[::-1].copy()
    return Image(played, geometry_without_spacing((size, size)), clip=even_clip(frames, 1 / rate))


def _picture(size: int, centre: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return one frame: blood inside of a bright wall, which is thicker where the ring is smaller, and tissue around.

    The wall's area stays, as muscle keeps its volume.
    """
    index = np.arange(size)
    distance = np.hypot(index[:, None] - centre[0], index[None] - centre[1])
    widest = size * RADIUS_SHARE[1]
    area = (widest + size * WALL_SHARE) ** 2 - widest**2
    outer = np.sqrt(radius**2 + area)
    inside, covered = (np.clip(edge - distance + 0.5, 0, 1) for edge in (radius, outer))
    return TISSUE + (WALL - TISSUE) * (covered - inside) + (BLOOD - TISSUE) * inside
