"""Clips and their labels as films: every form of them on one grid, and back into files."""

from pathlib import Path

import numpy as np
import pytest
from made_data import write_gif, write_nifti

from diascope.core.clip import even_clip
from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError
from diascope.core.geometry import check_same_grid, geometry_without_spacing
from diascope.core.image import Image, label_array
from diascope.io import read_header, read_image, read_labels, write_image
from diascope.transforms.frames import beside_neighbours
from diascope.transforms.normalise import Normalisation
from diascope.transforms.prepare import Recipe, prepare
from diascope.transforms.regrid import resample_to

FRAMES = np.random.default_rng(0).integers(0, 3, (6, 8, 10)).astype(np.uint8)
"""``(T, rows, columns)``"""

RECIPE = Recipe(("image",), {"image": 3}, neighbours=1, normalise={"image": Normalisation("none")})


def film(name: str, key: str | None = None, index: int | None = None) -> Source:
    return Source(path=name, key=key, index=index, as_film=True)


def test_clip_is_read_with_its_frames_as_last_axis_and_written_as_a_clip(tmp_path: Path):
    write_image(tmp_path / "a.nii.gz", Image(FRAMES, geometry_without_spacing((8, 10)), clip=even_clip(6, 0.1)))
    image = read_image(tmp_path, film("a.nii.gz"))
    assert np.array_equal(image.array[0], np.moveaxis(FRAMES, 0, -1))
    assert image.clip is None
    assert image.geometry.film is not None
    assert image.geometry.film.clip.step_s == pytest.approx(0.1)
    assert read_header(tmp_path, film("a.nii.gz")).geometry.shape == (8, 10, 6)
    write_image(tmp_path / "b.nii.gz", image)
    again = read_image(tmp_path, Source(path="b.nii.gz"))
    assert np.array_equal(again.array, FRAMES)
    assert again.clip is not None
    assert again.clip.step_s == pytest.approx(0.1)


@pytest.mark.parametrize("form", ["planes", "slices", "npz", "gif"])
def test_labels_of_frames_are_read_in_every_form(tmp_path: Path, form: str):
    name, key, index = "labels.nii.gz", None, None
    if form == "planes":  # four axes, and a header that names no time
        write_nifti(tmp_path / name, np.moveaxis(FRAMES, 0, -1)[:, :, None])
    elif form == "slices":
        write_nifti(tmp_path / name, np.moveaxis(FRAMES, 0, -1))
    elif form == "npz":
        name, key, index = "labels.npz", "masks", 1
        np.savez(tmp_path / name, masks=np.stack([FRAMES * 0, FRAMES]))
    else:
        name = "labels.gif"
        write_gif(tmp_path / name, FRAMES, 100)
    grid = read_labels(tmp_path, film(name, key, index), geometry_without_spacing((8, 10)))
    assert np.array_equal(label_array(grid), np.moveaxis(FRAMES, 0, -1))


def test_colour_films_keep_their_colours(tmp_path: Path):
    clips = np.random.default_rng(1).integers(0, 255, (2, 5, 12, 12, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", clips=clips)
    image = read_image(tmp_path, film("a.npz", "clips", 1))
    assert image.array.shape == (3, 12, 12, 5)
    assert np.array_equal(image.array[2, :, :, 4], clips[1, 4, :, :, 2])


def test_volumes_over_time_are_refused(tmp_path: Path):
    np.savez(tmp_path / "a.npz", clips=np.zeros((2, 5, 12, 12, 12), np.float32))
    with pytest.raises(GeometryError, match="frames are volumes"):
        read_image(tmp_path, film("a.npz", "clips", 0))


def test_numbers_of_frames_that_differ_are_refused_with_both(tmp_path: Path):
    np.savez(tmp_path / "a.npz", clips=FRAMES[None], masks=FRAMES[None, :4], one=FRAMES[None, 0])
    grid = read_image(tmp_path, film("a.npz", "clips", 0)).geometry
    labels = read_labels(tmp_path, film("a.npz", "masks", 0), grid)
    with pytest.raises(GeometryError, match="another number of frames") as caught:
        check_same_grid(grid, labels.geometry, ("the image", "the mask"))
    assert "6 frames" in str(caught.value.expected)
    assert "4 frames" in str(caught.value.got)
    with pytest.raises(GeometryError, match="another number of frames"):
        resample_to(labels, grid, labels=True)


def test_source_of_no_film_is_written_as_before():
    assert "as_film" not in Source(path="a.png").model_dump()
    assert Source.model_validate(film("a.gif").model_dump(mode="json")).as_film


def test_neighbours_are_channels_in_order_of_time_and_ends_are_held():
    seen = beside_neighbours(np.arange(2 * 5, dtype=np.float32).reshape(2, 1, 1, 5), 2)
    assert seen.shape == (10, 1, 1, 5)
    assert seen[:5, 0, 0, 0].tolist() == [0, 0, 0, 1, 2]
    assert seen[5:, 0, 0, 4].tolist() == [7, 8, 9, 9, 9]


def test_prepared_film_holds_neighbours_and_labels_of_its_own_frames(tmp_path: Path):
    np.savez(tmp_path / "a.npz", clips=FRAMES[None])
    image = read_image(tmp_path, film("a.npz", "clips", 0))
    prepared = prepare({"image": image}, RECIPE, image.array[0])
    assert prepared.array.shape == (3, 8, 10, 6)
    assert np.array_equal(prepared.array[1], image.array[0])
    assert np.array_equal(prepared.array[0, ..., 1:], image.array[0][..., :-1])
    assert prepared.labels is not None
    assert np.array_equal(prepared.labels, image.array[0])
    still = Image(np.zeros((1, 8, 10, 6), np.float32), geometry_without_spacing((8, 10, 6)))
    with pytest.raises(GeometryError, match="no image over time"):
        prepare({"image": still}, RECIPE)
