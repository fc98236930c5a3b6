"""Generated pictures of nuclei that touch and overlap, in three sizes, with the reference that is known.

Nuclei are ellipsoids whose surface a smooth displacement makes irregular; a part of them is laid against one that is
there already. Light, blur and noise are those of a fluorescence microscope, in no unit. Works in 2-D and 3-D alike. A
network that learns these shows that the machine works. It says nothing about accuracy on a real stain.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diascope.core.errors import GeometryError

RADII = (5.0, 9.0, 15.0)
"""Mean radii of the three sizes in pixels (chosen here: 1 to 3, as lymphocytes to tumour nuclei)."""

RADIUS_SPREAD = 0.12
FLATTEST = 0.7
"""Shortest over longest axis of the flattest nucleus."""

DISTANCE = (0.75, 1.02)
"""Between the centres of two neighbours, as a share of the sum of their radii: below 1 they overlap or touch."""

HIDDEN = 0.3
"""The largest share of a nucleus that a later one may cover: what is left must be recognisable."""

WOBBLE, WOBBLE_GRID = 0.12, 0.8
"""Standard deviation of the displacement of a surface, and the width over which it is smooth, as shares of the smallest
radius."""

BACKGROUND, BRIGHTNESS = 14.0, (35.0, 120.0)
TEXTURE = 0.18
SUMMED = 0.35
"""Share of a covered nucleus's light that shines through the one above it."""
BLUR = 1.1
"""Standard deviation of the point spread in pixels."""
LIGHT = 0.35
"""Largest deviation of the illumination from its mean, up and down."""
NOISE = 4.0
"""Standard deviation of the camera's noise; counting noise comes on top."""

TRIES = 400
"""Places that are tried for all nuclei of a picture, in units of the nuclei that are wanted, over ten."""


@dataclass(frozen=True, eq=False)
class Nuclei:
    """One picture.

    Attributes:
        image: ``(*shape)`` uint8.
        instances: ``(*shape)`` uint16, 0 is background, each nucleus has a number of its own; where two overlap, the
            one above has the voxel.
    """

    image: NDArray[np.uint8]
    instances: NDArray[np.uint16]


def make_nuclei(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    *,
    cover: float = 0.3,
    touching: float = 0.7,
    radii: tuple[float, ...] = RADII,
    noise: float = NOISE,
) -> Nuclei:
    """Return a picture of nuclei.

    Args:
        rng: where all randomness comes from.
        shape: pixels along each axis, two or three of them.
        cover: share of the picture that nuclei are to cover; fewer where no more find room.
        touching: share of the nuclei that are laid against another.
        radii: mean radii in pixels; each size covers about the same share.
        noise: standard deviation of the camera's noise, where the picture's range is 255.

    Raises:
        GeometryError: the picture has neither two nor three axes.
    """
    if len(shape) not in (2, 3):
        raise GeometryError("nuclei are made in 2-D or 3-D", expected="2 or 3 axes", got=len(shape))
    canvas = _Canvas(rng, shape, min(radii))
    volumes = np.array([r ** len(shape) for r in radii])
    odds = (1 / volumes) / (1 / volumes).sum()
    wanted = cover * np.prod(shape)
    tries = int(TRIES / 10 * wanted / (3 * volumes.mean())) + 40
    for _ in range(tries):
        if np.count_nonzero(canvas.instances) >= wanted:
            break
        radius = float(rng.choice(radii, p=odds) * np.exp(rng.normal(0, RADIUS_SPREAD)))
        canvas.put(radius, touches=bool(rng.random() < touching))
    return Nuclei(_expose(rng, canvas.light, noise), canvas.instances)


class _Canvas:
    """What has been laid down so far."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], smallest: float) -> None:
        self.rng, self.shape = rng, shape
        self.instances = np.zeros(shape, np.uint16)
        self.light = np.zeros(shape, np.float32)
        self.sizes: list[int] = [0]
        self.placed: list[tuple[NDArray, float]] = []
        self.moved = np.stack(
            [_smooth(rng, shape, WOBBLE_GRID * smallest) * WOBBLE * smallest for _ in shape]
        )  # where each voxel's light comes from
        self.texture = 1 + TEXTURE * _smooth(rng, shape, 1.5)

    def put(self, radius: float, *, touches: bool) -> None:
        """Lay one nucleus down where it hides none of the others too much, or leave it."""
        centre = self._place(radius, touches=touches)
        box = tuple(
            slice(max(0, int(c - 1.6 * radius)), min(n, int(c + 1.6 * radius) + 2))
            for c, n in zip(centre, self.shape, strict=True)
        )
        depth = self._depth(centre, radius, box)
        mask = depth < 1
        below = self.instances[box][mask]
        hidden = np.bincount(below, minlength=len(self.sizes))
        left = np.bincount(self.instances.ravel(), minlength=len(self.sizes))
        visible = left - hidden
        is_hidden = any(visible[n] < (1 - HIDDEN) * self.sizes[n] for n in np.unique(below) if n)
        if not mask.any() or is_hidden or (hidden[1:].any() and not touches):
            return
        bright = self.rng.uniform(*BRIGHTNESS)
        light = self.light[box]
        own = bright * (1 - 0.3 * depth[mask]) * self.texture[box][mask]
        light[mask] = own + SUMMED * light[mask]
        self.instances[box][mask] = len(self.sizes)
        self.sizes.append(int(mask.sum()))
        self.placed.append((centre, radius))

    def _place(self, radius: float, *, touches: bool) -> NDArray:
        if not touches or not self.placed:
            return self.rng.uniform(0, self.shape)
        centre, other = self.placed[self.rng.integers(len(self.placed))]
        direction = self.rng.normal(size=len(self.shape))
        step = self.rng.uniform(*DISTANCE) * (radius + other) * direction / np.linalg.norm(direction)
        return np.clip(centre + step, 0, np.array(self.shape) - 1)

    def _depth(self, centre: NDArray, radius: float, box: tuple[slice, ...]) -> NDArray[np.float64]:
        """Return the squared distance from the centre in radii of an ellipsoid, as the wobble displaces it."""
        ndim = len(self.shape)
        axes = radius * np.exp(self.rng.uniform(np.log(FLATTEST), 0, ndim)) / np.sqrt(FLATTEST)
        turn = np.linalg.qr(self.rng.normal(size=(ndim, ndim)))[0]
        grid = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij")).astype(float)
        grid += self.moved[(slice(None), *box)] - centre.reshape(-1, *[1] * ndim)
        own = np.tensordot(turn, grid, 1) / axes.reshape(-1, *[1] * ndim)
        return np.square(own).sum(0)


def _smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    """Return smooth noise of mean 0 and standard deviation 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), sigma, mode="reflect")
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def _expose(rng: np.random.Generator, light: NDArray[np.float32], noise: float) -> NDArray[np.uint8]:
    """Return what the camera sees: uneven light, the point spread, counting noise and the camera's own."""
    edge = max(light.shape)
    uneven = np.clip(1 + LIGHT / 2 * _smooth(rng, light.shape, edge / 4), 1 - LIGHT, 1 + LIGHT)
    haze = BACKGROUND * (1 + 0.3 * _smooth(rng, light.shape, edge / 6))
    seen = ndimage.gaussian_filter(light * uneven + np.maximum(haze, 0), BLUR)
    counted = rng.poisson(np.maximum(seen, 0)) + rng.normal(0, noise, light.shape)
    return np.clip(counted, 0, 255).round().astype(np.uint8)
