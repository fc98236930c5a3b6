"""Named structures of a segmentation or structure set → labels of a label map."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diascope.core.errors import ReadError, nearest


def choose_structures(path: Path, wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """Return the structures that get the labels 1, 2, …: those wanted, or all in the file's order.

    A structure that a file lacks is an error and never an empty label: whether it was absent from the patient or
    never drawn, the file does not say. Whoever has decided that it counts as background writes an empty name in its
    place, which keeps the numbers of the others.

    Raises:
        ReadError: a wanted structure is not in the file.
    """
    names = tuple(dict.fromkeys(found))
    for name in wanted:
        if name and name not in names:
            raise ReadError(
                f"{path.name} has no structure {name!r}",
                expected=name,
                got=", ".join(names) or "no structure",
                fix=f"{nearest(name, names)}; or leave this case's label out",
            )
    return tuple(wanted) or names


def label_type(count: int) -> np.dtype:
    """Return the smallest unsigned type for so many labels and the background."""
    return np.dtype(np.uint8 if count < 256 else np.uint16)


def overlap_notes(overlaps: int, outside: int) -> tuple[str, ...]:
    """Return what there is to say about voxels of two structures and voxels outside the image."""
    notes = []
    if overlaps:
        notes.append(f"Structures overlap in {overlaps} voxels: there the later one is kept.")
    if outside:
        notes.append(f"{outside} voxels of the segmentation lie outside the image and are left out.")
    return tuple(notes)
