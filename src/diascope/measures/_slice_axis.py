"""Which axis of a volume runs through its slices."""

import math

SAME_EDGE = 1e-3
"""Two edges are equal up to this part of the longer one: headers round them (chosen here)."""


def slice_axis(spacing_mm: tuple[float, float, float]) -> int:
    """Return the axis across the slices that a volume was acquired or reconstructed in.

    Pixels of a slice are square: where two edges of the voxel are equal, it is the axis of the third one. PET voxels
    are often thinner than wide (4.7 x 4.7 x 3.3 mm), so the longest edge would not do. Where all edges differ it is
    the longest one; where none does, the last axis, along which files store their slices.

    Example:
        >>> slice_axis((4.7, 4.7, 3.3)), slice_axis((5.0, 0.8, 0.8)), slice_axis((0.9, 1.3, 2.5)), slice_axis((1, 1, 1))
        (2, 0, 2, 2)
    """
    equal = [math.isclose(spacing_mm[a - 2], spacing_mm[a - 1], rel_tol=SAME_EDGE) for a in range(3)]
    if sum(equal) == 1:
        return equal.index(True)
    return 2 if any(equal) else max(range(3), key=lambda a: spacing_mm[a])
