"""One mask an object in a file of its own."""

from pathlib import Path

import numpy as np
import pytest
from made_data import write_png

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError
from diascope.core.geometry import geometry_without_spacing
from diascope.io import read_labels

GRID = geometry_without_spacing((6, 8))


def write(folder: Path, *masks: np.ndarray) -> Source:
    for number, mask in enumerate(masks):
        write_png(folder / "masks" / f"{number}.png", mask)
    return Source(path="masks", files=tuple(f"{n}.png" for n in range(len(masks))))


def square(row: int, column: int, shape: tuple[int, int] = (6, 8)) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[row : row + 3, column : column + 3] = 255
    return mask


def test_each_file_is_one_object(tmp_path: Path):
    image = read_labels(tmp_path, write(tmp_path, square(0, 0), square(3, 4)), GRID)
    assert image.array.shape == (1, 6, 8)
    assert (image.array[0] == np.where(square(0, 0), 1, np.where(square(3, 4), 2, 0))).all()
    assert image.notes == ()


def test_overlap_goes_to_the_later_one_and_is_said(tmp_path: Path):
    image = read_labels(tmp_path, write(tmp_path, square(0, 0), square(1, 1)), GRID)
    assert image.array[0, 2, 2] == 2
    assert image.notes == ("1 of 2 masks cover part of another one: the later wins.",)


def test_empty_mask_is_said(tmp_path: Path):
    image = read_labels(tmp_path, write(tmp_path, square(0, 0), np.zeros((6, 8), np.uint8)), GRID)
    assert image.notes == ("1 of 2 masks are empty.",)


def test_masks_of_two_sizes_are_refused_by_name(tmp_path: Path):
    with pytest.raises(GeometryError, match=r"1\.png has another size than 0\.png"):
        read_labels(tmp_path, write(tmp_path, square(0, 0), square(0, 0, (7, 8))), GRID)
