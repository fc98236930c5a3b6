"""Films of a beating ring whose two classes differ in their motion alone.

The ring is a heart's left ventricle in a short-axis picture: it contracts in a third of each beat and relaxes in the
rest. Half of the films are the same motion played backwards: slow to contract, fast to relax. A film and its reverse
hold the same frames, so that no single frame, nor all of them in any order, says which is which. Size, place, rate of
the heart, brightness, frame rate and length differ from film to film.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diascope.core.clip import even_clip
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image

CLASSES = ("forward", "reversed")

SYSTOLE_SHARE = 1 / 3
"""Of a beat, in which a heart at rest contracts (Wiggers' diagram in any textbook)."""
BEATS_A_MINUTE = (50.0, 100.0)
FRAMES_A_SECOND = (20.0, 50.0)
SECONDS = (1.6, 2.6)
RADIUS_SHARE = (0.14, 0.22)
"""Of the picture's edge, when the ring is widest (chosen here, as are all further ranges)."""
EJECTED_SHARE = (0.25, 0.45)
"""By which the radius shrinks."""
WALL_SHARE = 0.07
SHIFT_SHARE = 0.12
NOISE = (12.0, 25.0)
TISSUE, BLOOD, WALL = 60.0, 30.0, 170.0


@dataclass(frozen=True)
class Beat:
    """One ring's motion: when it is looked at and how it beats.

    Attributes:
        times_s: of each frame.
        rate_hz: beats a second; phase: of the first frame, from 0 to 1.
        radius: in pixels, at its widest; ejected: the share by which it shrinks.
    """

    times_s: NDArray[np.float64]
    rate_hz: float
    phase: float
    radius: float
    ejected: float

    def radii(self) -> NDArray[np.float64]:
        """Return the inner radius in each frame, in pixels."""
        phase = (self.times_s * self.rate_hz + self.phase) % 1
        contracting = phase / SYSTOLE_SHARE
        relaxing = (1 - phase) / (1 - SYSTOLE_SHARE)
        share = np.where(phase < SYSTOLE_SHARE, contracting, relaxing)
        return self.radius * (1 - self.ejected * (0.5 - 0.5 * np.cos(np.pi * share)))


def draw_beating_ring(label: str, *, size: int, rng: np.random.Generator) -> Image:
    """Return a film ``(T, size, size)`` uint8 of one class.

    Args:
        label: ``forward`` or ``reversed``.
        size: edge of the picture in pixels.
        rng: where everything else comes from.
    """
    rate = rng.uniform(*FRAMES_A_SECOND)
    frames = round(rng.uniform(*SECONDS) * rate)
    beat = Beat(
        np.arange(frames) / rate,
        rng.uniform(*BEATS_A_MINUTE) / 60,
        rng.uniform(),
        size * rng.uniform(*RADIUS_SHARE),
        rng.uniform(*EJECTED_SHARE),
    )
    radii = beat.radii() if label == CLASSES[0] else beat.radii()[::-1]
    centre = (size - 1) / 2 + rng.uniform(-SHIFT_SHARE, SHIFT_SHARE, 2) * size
    speckle = ndimage.gaussian_filter(rng.standard_normal((size, size)), 1.0) * 40
    film = np.stack([_picture(size, centre, radius) for radius in radii]) * rng.uniform(0.7, 1.2) + speckle
    film += rng.standard_normal(film.shape) * rng.uniform(*NOISE)
    array = np.clip(np.rint(film), 0, 255).astype(np.uint8)
    return Image(array, geometry_without_spacing((size, size)), clip=even_clip(frames, 1 / rate))


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
