"""Where the points of one image lie in another one of the same patient: found by ``register``, applied here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diascope.core.geometry import Geometry
from diascope.core.image import Image

Kind = Literal["identity", "rigid", "affine", "deformable"]

SLAB_POINTS = 500_000
"""Voxels that are mapped together when an image is brought to another grid (chosen here, bounds memory)."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A rigid motion in words: the turn about the image's middle, and where that goes.

    Attributes:
        shift_mm: of the middle of the fixed image, along R, A and S.
        turn_degrees: rotation vector about R, A and S; its length is the angle.
    """

    shift_mm: tuple[float, float, float]
    turn_degrees: tuple[float, float, float]

    @property
    def distance_mm(self) -> float:
        """Return how far the middle goes."""
        return float(np.linalg.norm(self.shift_mm))

    @property
    def angle_degrees(self) -> float:
        """Return the angle of the turn."""
        return float(np.linalg.norm(self.turn_degrees))


@dataclass(frozen=True, eq=False)
class Alignment:
    """A map of points from a fixed image to a moving one, RAS+ mm.

    Attributes:
        kind: what was kept of what was tried.
        rigid: the rigid part ``(4, 4)``.
        matrix: the affine part ``(4, 4)``, equal to ``rigid`` where nothing more was kept.
        field: displacement in mm ``(3, I, J, K)`` on a grid of the fixed image, added after ``matrix``; or None.
        middle: world position of the fixed image's middle.
        correlation: of the images' values after each kind that was tried, over the part that both show; nan where that
            is too small.
        notes: what had to be decided, in whole sentences.
        not_aligned: why the points are taken as they lie without their motion being known; None where it was measured.
    """

    kind: Kind
    rigid: NDArray[np.float64]
    matrix: NDArray[np.float64]
    field: Image | None
    middle: tuple[float, float, float]
    correlation: dict[str, float]
    notes: tuple[str, ...] = ()
    not_aligned: str | None = None

    def points(self, world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points ``(N, 3)`` of the fixed image lie in the moving one; beyond the field its edge holds."""
        moved = world @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        if self.field is None or not len(world):
            return moved
        from scipy.ndimage import map_coordinates

        index = to_index(self.field.geometry, world).T
        steps = [map_coordinates(part, index, order=1, mode="nearest") for part in self.field.array]
        return moved + np.stack(steps, axis=-1)

    def back(self, world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points ``(N, 3)`` of the moving image lie in the fixed one, to a hundredth of the field's steps.

        The inverse has no formula where there is a field: it is found by repeated substitution, which contracts because
        the field does not fold.
        """
        inverse = np.linalg.inv(self.matrix)
        found = world @ inverse[:3, :3].T + inverse[:3, 3]
        for _ in range(0 if self.field is None else 20):
            found = found + (world - self.points(found)) @ inverse[:3, :3].T
        return found

    def motion(self) -> Motion:
        """Return the rigid part as a shift of the middle and a turn about it."""
        from scipy.spatial.transform import Rotation

        middle = np.asarray(self.middle)
        shift = self.rigid[:3, :3] @ middle + self.rigid[:3, 3] - middle
        turn = np.rad2deg(Rotation.from_matrix(self.rigid[:3, :3]).as_rotvec())
        return Motion(_three(shift), _three(turn))


def identity(
    fixed: Geometry,
    notes: Sequence[str] = (),
    correlation: dict[str, float] | None = None,
    *,
    not_aligned: str | None = None,
) -> Alignment:
    """Return the map that leaves every point where it is."""
    kept = dict(correlation or {})
    return Alignment("identity", np.eye(4), np.eye(4), None, middle_of(fixed), kept, tuple(notes), not_aligned)


def middle_of(geometry: Geometry) -> tuple[float, float, float]:
    """Return the world position of a volume's middle."""
    return _three(to_world(geometry, (np.array(geometry.shape, float)[None] - 1) / 2)[0])


def to_world(geometry: Geometry, index: NDArray) -> NDArray[np.float64]:
    """Return the world positions of voxel indices ``(N, 3)``."""
    return index @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]


def to_index(geometry: Geometry, world: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fractional voxel indices of world positions ``(N, 3)``."""
    inverse = np.linalg.inv(geometry.affine)
    return world @ inverse[:3, :3].T + inverse[:3, 3]


def is_inside(geometry: Geometry, world: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Answer for each world position ``(N, 3)`` whether it lies in a voxel of the grid."""
    index = to_index(geometry, world)
    inside = (index >= -0.5) & (index <= np.array(geometry.shape) - 0.5)
    return np.asarray(inside.all(axis=-1))


def bring_back(moving: Image, onto: Geometry, points: Callable[[NDArray], NDArray], *, labels: bool) -> Image:
    """Return the moving image on a grid of the fixed one, by linear interpolation; labels by the nearest voxel.

    Args:
        moving: the image to be shown.
        onto: a grid in the fixed image's millimetres.
        points: where points ``(N, 3)`` of the fixed image lie in the moving one, such as ``Alignment.points``.
        labels: it is a label map. Where the moving image shows nothing, labels are 0 and a channel has its minimum.
    """
    from scipy.ndimage import map_coordinates

    out = np.empty((moving.channels, *onto.shape), moving.array.dtype if labels else np.float32)
    rows = max(1, SLAB_POINTS // max(1, int(np.prod(onto.shape[1:]))))
    for start in range(0, onto.shape[0], rows):
        stop = min(start + rows, onto.shape[0])
        index = np.moveaxis(np.mgrid[start:stop, : onto.shape[1], : onto.shape[2]], 0, -1).reshape(-1, 3)
        where = to_index(moving.geometry, points(to_world(onto, index))).T
        for channel, values in enumerate(moving.array):
            edge = 0 if labels else values.min()
            source = values if labels else values.astype(np.float32, copy=False)
            part = map_coordinates(source, where, order=0 if labels else 1, mode="constant", cval=edge)
            out[channel, start:stop] = part.reshape(stop - start, *onto.shape[1:])
    return Image(out, onto, moving.unit, moving.modality, moving.notes)


def _three(values: Sequence[float] | NDArray) -> tuple[float, float, float]:
    first, second, third = (float(v) for v in values)
    return first, second, third
