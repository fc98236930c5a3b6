"""A virtual population: heads drawn from one real head by smooth deformation, contrast, bias field and noise.

The template is a real anatomy; what is drawn from it differs in shape and in how it was "scanned". A network that
learns these shows that the machine works. It says nothing about accuracy on patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from diascope.core.errors import GeometryError
from diascope.core.geometry import Geometry, check_same_grid
from diascope.core.image import Image

TISSUES = ("background", "fluid", "grey matter", "white matter")
"""The classes in the order of their numbers in the label map."""

DEFORMATION_MM = 4.0
"""Standard deviation of the smooth displacement. Chosen here."""
DEFORMATION_GRID_MM = 36.0
TURN_DEGREES = 8.0
SCALE_SHARE = 0.06
SHIFT_MM = 4.0
BIAS_SHARE = 0.15
BIAS_GRID_MM = 70.0
NOISE_SHARE = (0.01, 0.05)
"""Rician noise, as a share of white matter's brightness: between a good and a hurried scan (chosen here)."""
GAMMA = (0.75, 1.35)
BRIGHTNESS = 1000.0


@dataclass(frozen=True, eq=False)
class Head:
    """A head and its tissues on one grid.

    Attributes:
        t1: ``(I, J, K)`` brightness from 0 to 1; outside the brain 0.
        tissues: ``(3, I, J, K)`` shares of fluid, grey and white matter, from 0 to 1; they add up to 1 in the brain.
        geometry: the grid, isotropic.
    """

    t1: NDArray[np.float32]
    tissues: NDArray[np.float32]
    geometry: Geometry

    def labels(self) -> NDArray[np.uint8]:
        """Return the label map ``(I, J, K)``: the largest share of background, fluid, grey and white matter."""
        outside = 1.0 - self.tissues.sum(axis=0, keepdims=True)
        return np.concatenate([outside, self.tissues]).argmax(axis=0).astype(np.uint8)

    def cropped(self, margin_mm: float) -> "Head":
        """Return the same head on a grid that ends ``margin_mm`` beyond the brain, or where the volume ends."""
        margin = round(margin_mm / self.geometry.steps[0])
        brain = ndimage.find_objects((self.tissues.sum(axis=0) > 0).astype(np.uint8))[0]
        box = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in brain)
        affine = self.geometry.affine.copy()
        affine[:3, 3] = (affine @ [*(s.start for s in box), 1])[:3]
        t1 = self.t1[box]
        return Head(t1, self.tissues[:, *box], Geometry(t1.shape, affine))

    def blurred(self, width_mm: float) -> "Head":
        """Return the same head blurred by a Gaussian with this full width at half maximum."""
        sigma = width_mm / self.geometry.steps[0] / 2.355
        return Head(_blur(self.t1, sigma), np.stack([_blur(t, sigma) for t in self.tissues]), self.geometry)


def read_head(t1: Image, grey: Image, white: Image) -> Head:
    """Return the head that a template's image and its two tissue maps describe.

    What is inside the brain and neither grey nor white is fluid.

    Raises:
        GeometryError: the maps lie on another grid, or hold nothing.
    """
    for name, image in (("grey matter map", grey), ("white matter map", white)):
        check_same_grid(t1.geometry, image.geometry, ("T1", name))
    brightness, grey_share, white_share = (_scaled(image) for image in (t1, grey, white))
    inside = np.asarray(ndimage.binary_fill_holes(brightness > 0))
    fluid_share = np.clip(1 - grey_share - white_share, 0, 1)
    tissues = np.stack([fluid_share, grey_share, white_share]) * inside
    tissues /= np.maximum(tissues.sum(axis=0, keepdims=True), 1)
    return Head(brightness, tissues.astype(np.float32), t1.geometry)


def draw_head(template: Head, *, spacing_mm: float, rng: np.random.Generator) -> Head:
    """Return another head of the same anatomy: turned, scaled and smoothly deformed, on a grid of ``spacing_mm``.

    The template is sampled as it is; one that is finer than the new grid is blurred to it first, once for all heads.
    """
    step = spacing_mm / template.geometry.steps[0]
    shape = tuple(int(n // step) for n in template.geometry.shape)
    centre = (np.array(template.geometry.shape) - 1) / 2
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) * step for n in shape), indexing="ij"))
    turned = np.tensordot(_draw_affine(rng), index - centre[:, None, None, None], axes=1)
    millimetre = template.geometry.steps[0]
    moved = turned + (centre + rng.normal(0, SHIFT_MM, 3) / millimetre)[:, None, None, None]
    for axis in range(3):
        moved[axis] += DEFORMATION_MM / millimetre * draw_smooth_field(shape, DEFORMATION_GRID_MM / spacing_mm, rng)
    sampled = [_sample(a, moved) for a in (template.t1, *template.tissues)]
    affine = template.geometry.affine.copy()
    affine[:3, :3] *= step
    return Head(sampled[0], np.stack(sampled[1:]), Geometry(shape, affine))


def draw_scan(head: Head, rng: np.random.Generator) -> Image:
    """Return a T1-weighted scan of a head, int16, zero outside the brain: contrast, bias field and Rician noise."""
    gamma, brightness = rng.uniform(*GAMMA), BRIGHTNESS * rng.uniform(0.6, 1.4)
    bias = np.exp(BIAS_SHARE * draw_smooth_field(head.geometry.shape, BIAS_GRID_MM / head.geometry.steps[0], rng))
    clean = brightness * np.clip(head.t1, 0, 1) ** gamma * bias
    sigma = brightness * rng.uniform(*NOISE_SHARE)
    noisy = np.hypot(clean + rng.normal(0, sigma, clean.shape), rng.normal(0, sigma, clean.shape))
    inside = head.tissues.sum(axis=0) > 0.5
    return Image(np.rint(noisy * inside).astype(np.int16)[None], head.geometry, modality="MR")


def draw_smooth_field(shape: tuple[int, ...], grid: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a field of standard deviation about 1, smooth on the scale of ``grid`` voxels.

    Random values on a coarse grid, brought to ``shape`` by cubic splines.
    """
    coarse = rng.standard_normal([int(np.ceil(n / grid)) + 3 for n in shape])
    index = np.meshgrid(*(np.arange(n) / grid + 1 for n in shape), indexing="ij", sparse=True)
    dense = ndimage.map_coordinates(coarse, np.broadcast_arrays(*index), order=3, mode="nearest")
    return dense.astype(np.float32)


def _draw_affine(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a small random rotation times a small random scale for each axis, ``(3, 3)``."""
    turn = Rotation.from_rotvec(rng.normal(0, np.deg2rad(TURN_DEGREES / np.sqrt(3)), 3)).as_matrix()
    return turn @ np.diag(np.exp(rng.normal(0, SCALE_SHARE, 3)))


def _sample(volume: NDArray[np.float32], index: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a volume's values at fractional positions ``(3, I, J, K)``, 0 outside."""
    sampled = np.empty(index.shape[1:], np.float32)
    ndimage.map_coordinates(volume, index, order=1, mode="constant", cval=0.0, output=sampled)
    return sampled


def _blur(volume: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return a volume blurred by a Gaussian of ``sigma`` voxels."""
    blurred = np.empty_like(volume)
    ndimage.gaussian_filter(volume, sigma, output=blurred)
    return blurred


def _scaled(image: Image) -> NDArray[np.float32]:
    """Return the only channel from 0 to 1."""
    array = image.array[0].astype(np.float32)
    if not array.max() > 0:
        raise GeometryError("the template holds nothing", expected="values above 0", got=f"at most {array.max()}")
    return array / array.max()
