"""The grid an image lies on: shape and RAS+ millimetre affine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.core.clip import Clip
from diascope.core.errors import GeometryError

GRID_TOLERANCE_VOXELS = 1e-3
"""Two grids are the same when no corner lies further apart than this (float32 headers; issue nnUNet#1287)."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """A regular grid in patient space.

    Attributes:
        shape: voxels along each spatial axis, ``(I, J)`` or ``(I, J, K)``.
        affine: ``(4, 4)`` float64, voxel index → RAS+ mm. For a 2-D image the third column is the slice normal
            times the slice thickness, or a unit vector where that is unknown.
        has_spacing: False where the file says nothing of millimetres (PNG, npy): the affine is then the identity
            in pixels, and no measurement in mm may be made of it.
        film: set where the last axis is the time of a clip (``diascope.io`` makes such grids): it has no millimetres,
            so that no distance or volume is measured across time.
    """

    shape: tuple[int, ...]
    affine: NDArray[np.float64]
    has_spacing: bool = True
    film: "Film | None" = None

    def __post_init__(self) -> None:
        """Refuse a grid that is no grid."""
        affine = np.asarray(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError("affine is not a finite 4x4 matrix", expected="(4, 4), finite", got=affine.tolist())
        edges = np.linalg.norm(affine[:3, :3], axis=0)
        if not edges.all() or abs(np.linalg.det(affine[:3, :3] / edges)) < 1e-6:
            raise GeometryError(
                "affine has no volume: its voxels would be flat",
                expected="a determinant that is not 0",
                got=affine[:3, :3].tolist(),
                fix="write the image again with its true spacing and direction",
            )
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def ndim(self) -> int:
        """Return the number of spatial axes, 2 or 3."""
        return len(self.shape)

    @property
    def spacing_mm(self) -> tuple[float, ...] | None:
        """Return the voxel's edge along each spatial axis in mm, or None where it is unknown."""
        return self.steps if self.has_spacing else None

    @property
    def steps(self) -> tuple[float, ...]:
        """Return the voxel's edge along each spatial axis in the affine's own unit (mm, or pixels if unknown)."""
        edges = np.linalg.norm(self.affine[:3, : self.ndim], axis=0)
        return tuple(float(e) for e in edges)

    def corners(self) -> NDArray[np.float64]:
        """Return the world positions ``(2**ndim, 3)`` of the grid's corner voxels."""
        axes = [(0, n - 1) for n in self.shape] + [(0,)] * (3 - self.ndim)
        index = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        return index @ self.affine[:3, :3].T + self.affine[:3, 3]

    def is_same_grid(self, other: "Geometry", tolerance_voxels: float = GRID_TOLERANCE_VOXELS) -> bool:
        """Answer whether both grids have the same shape and their corners coincide within the tolerance."""
        if self.shape != other.shape:
            return False
        if not (self.has_spacing and other.has_spacing):
            return True  # a grid without millimetres can only be compared by its shape
        distance = np.linalg.norm(self.corners() - other.corners(), axis=1).max()
        return bool(distance <= tolerance_voxels * min(self.steps))

    def describe(self) -> str:
        """Return shape, spacing, origin and direction in one line."""
        if self.film is not None:
            return f"{self.film.frame.describe()}, {self.film.clip.describe()}"
        if not self.has_spacing:
            return f"shape {self.shape}, spacing unknown"
        spacing = ", ".join(f"{s:.4g}" for s in self.steps)
        origin = ", ".join(f"{o:.4g}" for o in self.affine[:3, 3])
        direction = (self.affine[:3, : self.ndim] / np.asarray(self.steps)).round(3).tolist()
        return f"shape {self.shape}, spacing ({spacing}) mm, origin ({origin}) mm RAS, direction {direction}"


@dataclass(frozen=True, eq=False)
class Film:
    """What a grid of frames is made of: the grid of one frame, and the time axis."""

    frame: Geometry
    clip: Clip


FRAMES_APART = 4096.0
"""Pixels that count between two frames of a film: so many that every rule which weighs distances keeps frames apart, as
it keeps slices apart that are too thick; no image of a film is wider."""


def geometry_of_film(frame: Geometry, clip: Clip) -> Geometry:
    """Return the grid ``(I, J, T)`` of all frames of a two-dimensional clip.

    Raises:
        GeometryError: the frames are volumes.
    """
    if frame.ndim != 2:
        raise GeometryError(
            "the frames are volumes, and labels over time are read of pictures only",
            expected="frames with two axes",
            got=frame.describe(),
            fix="give the volume of each time as an image of its own, with its mask",
        )
    affine = np.diag([1.0, 1.0, FRAMES_APART, 1.0])
    return Geometry((*frame.shape, clip.frames), affine, has_spacing=False, film=Film(frame, clip))


def geometry_without_spacing(shape: tuple[int, ...]) -> Geometry:
    """Return the grid of a file that says nothing about millimetres."""
    return Geometry(shape, np.eye(4), has_spacing=False)


def check_same_frames(reference: Geometry, other: Geometry, names: tuple[str, str]) -> None:
    """Raise where two films that belong together have different numbers of frames; other images always pass.

    Raises:
        GeometryError: with both numbers.
    """
    counts = [grid.shape[-1] for grid in (reference, other) if grid.film is not None]
    if len(counts) == 2 and counts[0] != counts[1]:
        raise GeometryError(
            f"{names[1]} has another number of frames than {names[0]}",
            expected=f"{counts[0]} frame{'s' * (counts[0] != 1)}",
            got=f"{counts[1]} frame{'s' * (counts[1] != 1)}",
            fix="give one for every frame; one map is not taken for a whole clip, in which things move",
        )


def check_same_grid(reference: Geometry, other: Geometry, names: tuple[str, str]) -> None:
    """Raise where two images that belong together lie on different grids.

    Raises:
        GeometryError: with both geometries.
    """
    check_same_frames(reference, other, names)
    if not reference.is_same_grid(other):
        raise GeometryError(
            f"{names[1]} lies on another grid than {names[0]}",
            expected=reference.describe(),
            got=other.describe(),
            fix="correct the header, or let Diascope resample it with --set curate.resample_masks=true",
        )
