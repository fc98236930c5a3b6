"""One mask for each object, in a file of its own, as one instance map (the layout of the Data Science Bowl 2018)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.image import Image, label_array

MOST_OBJECTS = np.iinfo(np.uint16).max


def read_object_masks(path: Path, source: Source, read: Callable[[Path, Source], Image]) -> Image:
    """Return the instance map ``(1, I, J[, K])`` uint16 that holds n + 1 where the nth mask is not 0.

    Where masks overlap the later one wins, with a note; so has an empty mask one.

    Raises:
        ReadError: a mask cannot be read, or there are too many.
        GeometryError: two masks differ in size.
    """
    if len(source.files) > MOST_OBJECTS:
        raise ReadError(f"{path.name} holds too many masks", expected=f"at most {MOST_OBJECTS}", got=len(source.files))
    first = read(path / source.files[0], Source(path=source.files[0]))
    found = np.zeros(first.geometry.shape, np.uint16)
    overlapping = empty = 0
    for number, name in enumerate(source.files, 1):
        image = read(path / name, Source(path=name))
        if image.geometry.shape != first.geometry.shape:
            raise GeometryError(
                f"{name} has another size than {source.files[0]}",
                expected=first.geometry.shape,
                got=image.geometry.shape,
                fix="masks of one image have its size",
            )
        mask = label_array(image) != 0
        overlapping += int((found[mask] != 0).any())
        empty += not mask.any()
        found[mask] = number
    image = Image(found[None], first.geometry)
    if overlapping:
        image = image.with_note(
            f"{overlapping} of {len(source.files)} masks cover part of another one: the later wins."
        )
    return image.with_note(f"{empty} of {len(source.files)} masks are empty.") if empty else image
