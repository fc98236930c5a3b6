"""A patient seen twice: a body with organs and lesions that has moved, and whose lesions have grown, by known amounts.

Everything is a formula in millimetres, so that the truth is known to any precision: both visits sample the same body,
the second one turned, shifted and breathed in, with lesions of other sizes. It shows that motion and growth are
measured rightly; it says nothing about how well lesions are found in patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.physics.population import draw_smooth_field

EDGE_MM = 1.5
"""Width over which an organ's edge fades, as the resolution of a CT would have it (chosen here)."""
TEXTURE_HU, TEXTURE_MM = 25.0, 12.0
"""Standard deviation and scale of what tissue shows beside its organs: vessels and fat (chosen here)."""
LESION_HU = 60.0

_Ellipsoid = tuple[tuple[float, float, float], tuple[float, float, float], float]
ORGANS: tuple[_Ellipsoid, ...] = (
    ((0, 0, 0), (105, 75, 110), 1040.0),
    ((-45, 5, 25), (34, 48, 60), -850.0),
    ((45, 8, 25), (32, 46, 62), -850.0),
    ((-38, 5, -55), (48, 45, 34), 70.0),
    ((12, 18, 15), (26, 24, 30), 60.0),
    ((42, -25, -60), (22, 18, 26), 90.0),
    ((0, -48, 0), (17, 17, 120), 500.0),
)
"""Centre and radii in mm (RAS), and the HU that each adds to what lies beneath it: body over air, lungs, liver, heart,
kidney, spine."""


@dataclass(frozen=True)
class Lesion:
    """An ellipsoid in the body's own millimetres.

    Attributes:
        centre_mm, radii_mm: at the first visit.
        growth: its volume at the second visit, in volumes of the first one; 0 where it is gone.
        is_new: it is there at the second visit only, with the size that is stated.
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    growth: float = 1.0
    is_new: bool = False

    def volume_ml(self, visit: int) -> float:
        """Return the true volume at the first (0) or second (1) visit, of a body that is not deformed."""
        return float(4 / 3 * np.pi * np.prod(self.radii_mm) / 1000 * self._share(visit))

    def _share(self, visit: int) -> float:
        return (0.0 if self.is_new else 1.0) if visit == 0 else self.growth

    def inside(self, points: NDArray[np.float64], visit: int) -> NDArray[np.float64]:
        """Return the signed depth in mm, roughly, of points ``(..., 3)`` below its surface."""
        radii = np.asarray(self.radii_mm) * self._share(visit) ** (1 / 3)
        return _depth(points, self.centre_mm, radii) if radii.all() else np.full(points.shape[:-1], -np.inf)


@dataclass(frozen=True, eq=False)
class Motion:
    """How a body lies at the second visit.

    Attributes:
        rotation_degrees: about the axes R, A and S through the body's middle, as a rotation vector.
        shift_mm: after that.
        breath_mm: displacement towards S at the middle of the breathing, which fades over ``breath_width_mm``.
    """

    rotation_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    breath_mm: float = 0.0
    breath_width_mm: float = 45.0

    def matrix(self) -> NDArray[np.float64]:
        """Return the rigid part ``(4, 4)``, first visit → second visit, RAS+ mm."""
        whole = np.eye(4)
        whole[:3, :3] = Rotation.from_rotvec(np.deg2rad(self.rotation_degrees)).as_matrix()
        whole[:3, 3] = self.shift_mm
        return whole

    def forward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points ``(..., 3)`` of the first visit lie at the second one."""
        moved = points.copy()
        for _ in range(30):  # contracts: the breath changes by less than half a millimetre over a millimetre
            moved = points - self._breath(moved)
        return moved @ self.matrix()[:3, :3].T + self.shift_mm

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points ``(..., 3)`` of the second visit lay at the first one."""
        back = (points - self.shift_mm) @ self.matrix()[:3, :3]
        return back + self._breath(back)

    def _breath(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        distance = np.linalg.norm(points - np.array([0, 0, -20]), axis=-1) / self.breath_width_mm
        return np.exp(-0.5 * distance**2)[..., None] * np.array([0.0, 0.2, 1.0]) * self.breath_mm


@dataclass(frozen=True, eq=False)
class Visit:
    """What a scanner gives, and what a perfect reader outlines: number n + 1 in ``mask`` is lesion n."""

    image: Image
    mask: Image


def default_grid(spacing_mm: Sequence[float] = (2.0, 2.0, 3.0), shape: Sequence[int] = (112, 82, 80)) -> Geometry:
    """Return an axial grid about the middle of the body."""
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = -np.asarray(spacing_mm) * (np.asarray(shape) - 1) / 2
    return Geometry(tuple(shape), affine)


def draw_visits(
    lesions: Sequence[Lesion],
    motion: Motion,
    *,
    grids: tuple[Geometry, Geometry] | None = None,
    noise_hu: float = 20.0,
    rng: np.random.Generator,
) -> tuple[Visit, Visit]:
    """Return both visits as CT volumes in HU with their lesions' label maps.

    Args:
        lesions: in the body's own millimetres.
        motion: of the body before the second visit.
        grids: of both visits; 2 x 2 x 3 mm about the body if not given.
        noise_hu: standard deviation of the noise in both.
        rng: draws texture and noise.
    """
    texture = draw_smooth_field((64, 64, 64), 64 * TEXTURE_MM / 280, rng)
    still = replace(motion, rotation_degrees=(0, 0, 0), shift_mm=(0, 0, 0), breath_mm=0.0)
    found = []
    for visit, (grid, moved) in enumerate(zip(grids or (default_grid(), default_grid()), (still, motion), strict=True)):
        points = moved.backward(_voxel_centres(grid))
        found.append(_scan(points, grid, lesions, visit, texture=texture, noise_hu=noise_hu, rng=rng))
    return found[0], found[1]


def _scan(
    points: NDArray[np.float64],
    grid: Geometry,
    lesions: Sequence[Lesion],
    visit: int,
    *,
    texture: NDArray[np.float32],
    noise_hu: float,
    rng: np.random.Generator,
) -> Visit:
    from scipy.ndimage import map_coordinates

    image, mask = np.full(grid.shape, -1000.0), np.zeros(grid.shape, np.uint8)
    for centre, radii, hu in ORGANS:
        image += hu * _fade(_depth(points, centre, radii))
    index = np.moveaxis(points / 280 * 64 + 32, -1, 0)
    shown = map_coordinates(texture, index, order=3, mode="reflect")
    image += TEXTURE_HU * shown * _fade(_depth(points, *ORGANS[0][:2]))
    for number, lesion in enumerate(lesions, start=1):
        depth = lesion.inside(points, visit)
        image += (LESION_HU - image) * _fade(depth)
        mask[depth >= 0] = number
    noisy = np.rint(image + rng.normal(0, noise_hu, grid.shape)).astype(np.int16)
    return Visit(Image(noisy[None], grid, unit="HU", modality="CT"), Image(mask[None], grid))


def _voxel_centres(grid: Geometry) -> NDArray[np.float64]:
    """Return the world position of each voxel, ``(I, J, K, 3)``."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), -1)
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def _depth(points: NDArray[np.float64], centre: Sequence[float], radii: Sequence[float] | NDArray) -> NDArray:
    """Return how deep points lie below an ellipsoid's surface in mm: 0 on it exactly, elsewhere roughly."""
    scaled = (points - np.asarray(centre)) / np.asarray(radii)
    return (1 - np.linalg.norm(scaled, axis=-1)) * float(np.min(radii))


def _fade(depth: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-np.clip(depth / (EDGE_MM / 4), -60, 60)))
