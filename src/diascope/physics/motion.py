"""Films of a beating ring whose two classes differ in their motion alone, and of a moving disc with its outline.

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


DISC_FRAMES = (8, 16)
"""Of a film of a moving disc; its frames are a tenth of a second apart."""
DISC_RADIUS, DISC_SWING = (0.14, 0.22), 0.18
"""Of the picture's edge: the radius, and how far it goes to and fro from the middle (chosen here)."""
DISC_NOISE = 3.0
"""Standard deviations of the noise for the step between disc and surroundings: a single frame hardly shows the border,
and the mean of five shows it better (chosen here)."""


def draw_moving_disc(*, size: int, rng: np.random.Generator, noise: float = DISC_NOISE) -> tuple[Image, Image]:
    """Return a noisy film ``(T, size, size)`` uint8 of a disc that moves to and fro and beats, and its labels.

    Args:
        size: edge of the picture in pixels.
        rng: where place, radius, direction, speed, length and noise come from.
        noise: deviation of each pixel's noise, drawn anew for each frame, in units of the step at the disc's border.
    """
    frames = int(rng.integers(DISC_FRAMES[0], DISC_FRAMES[1] + 1))
    phase = rng.uniform(0, 2 * np.pi) + np.arange(frames) * 2 * np.pi / rng.uniform(14, 24)
    angle, middle = rng.uniform(0, 2 * np.pi), (size - 1) / 2
    away = size * DISC_SWING * np.sin(phase)
    radii = size * rng.uniform(*DISC_RADIUS) * (1 + 0.15 * np.cos(phase))
    index = np.arange(size) - middle
    rows, columns = (index - (away * turn)[:, None] for turn in (np.cos(angle), np.sin(angle)))
    inside = np.hypot(rows[:, :, None], columns[:, None, :]) <= radii[:, None, None]
    step = 20.0
    film = 110.0 + step * inside + rng.standard_normal(inside.shape) * noise * step
    grid, clip = geometry_without_spacing((size, size)), even_clip(frames, 0.1)
    return (
        Image(np.clip(np.rint(film), 0, 255).astype(np.uint8), grid, clip=clip),
        Image(inside.astype(np.uint8), grid, clip=clip),
    )


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
