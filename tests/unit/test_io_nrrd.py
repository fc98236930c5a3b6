"""NRRD headers: spaces, units, channel axes, detached and damaged files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.io import read_header, read_image, write_image

VOLUME = np.random.default_rng(0).integers(0, 100, (4, 5, 6)).astype(np.int16)
DIRECTIONS = np.array([[2.0, 0, 0], [0, 3, 0], [0.5, 0, 4]])


def save(path: Path, array: np.ndarray = VOLUME, **fields: Any) -> Path:
    nrrd.write(str(path), array, {name.replace("_", " "): value for name, value in fields.items()})
    return path


def read(path: Path) -> Image:
    image = read_image(path.parent, Source(path=path.name))
    header = read_header(path.parent, Source(path=path.name))
    assert header.geometry.shape == image.geometry.shape
    assert (header.channels, header.dtype, header.notes) == (image.channels, image.array.dtype.name, image.notes)
    return image


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
    ],
)
def test_each_anatomical_space_becomes_ras(tmp_path: Path, space: str, signs: tuple[int, int, int]) -> None:
    path = save(
        tmp_path / "a.nrrd", space=space, space_directions=DIRECTIONS, space_origin=[7.0, 8, 9], space_units=["mm"] * 3
    )
    image = read(path)
    assert image.notes == ()
    np.testing.assert_array_equal(image.geometry.affine[:3, :3], np.diag(signs) @ DIRECTIONS.T)
    np.testing.assert_array_equal(image.geometry.affine[:3, 3], np.array(signs) * [7, 8, 9])
    np.testing.assert_array_equal(image.array[0], VOLUME)


def test_a_space_that_is_not_anatomical_is_said(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nrrd", space="3D-right-handed", space_directions=DIRECTIONS))
    assert any("not anatomical" in note for note in image.notes)
    assert any("no origin" in note for note in image.notes)
    assert any("no unit" in note for note in image.notes)


def test_a_space_with_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    path.write_bytes(
        b"NRRD0004\ntype: uchar\ndimension: 3\nspace: right-anterior-superior-time\nsizes: 2 2 2\n"
        b"space directions: (1,0,0,0) (0,1,0,0) (0,0,1,0)\nencoding: raw\n\n" + bytes(8)
    )
    with pytest.raises(ReadError, match=r"a\.nrrd.*time axis"):
        read(path)


def test_micrometres_become_millimetres(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nrrd", space="RAS", space_directions=np.eye(3) * 500, space_units=["um"] * 3))
    assert image.geometry.spacing_mm == pytest.approx((0.5, 0.5, 0.5))
    assert any("um" in note for note in image.notes)


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="unit of length"):
        read(save(tmp_path / "a.nrrd", space="RAS", space_directions=np.eye(3), space_units=["parsec"] * 3))


def test_spacings_alone_give_a_spacing_without_orientation(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nrrd", spacings=[1.0, 2, 3]))
    assert image.geometry.spacing_mm == (1, 2, 3)
    assert any("orientation" in note for note in image.notes)


def test_a_bare_array_has_no_spacing(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nrrd"))
    assert image.geometry.spacing_mm is None
    assert image.notes


@pytest.mark.parametrize("axis", [0, 3])
def test_axis_without_direction_is_channels(tmp_path: Path, axis: int) -> None:
    array = np.random.default_rng(1).normal(size=(3, 4, 5, 6)).astype(np.float32)
    rows = np.insert(DIRECTIONS, axis, np.nan, axis=0)
    path = save(tmp_path / "a.nrrd", np.moveaxis(array, 0, axis), space="LPS", space_directions=rows)
    np.testing.assert_array_equal(read(path).array, array)


def test_colours_are_known_by_their_kind(tmp_path: Path) -> None:
    array = np.random.default_rng(1).integers(0, 255, (4, 5, 6)).astype(np.uint8)
    save(tmp_path / "a.nrrd", array, kinds=["RGBA-color", "domain", "domain"])
    header, image = read_header(tmp_path, Source(path="a.nrrd")), read(tmp_path / "a.nrrd")
    assert header.photographic
    np.testing.assert_array_equal(image.array, array[:3])


def test_two_dimensional_space(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nrrd", VOLUME[..., 0], space_dimension=2, space_directions=[[0.5, 0], [0, 2]])
    image = read(path)
    assert image.geometry.spacing_mm == (0.5, 2)
    np.testing.assert_array_equal(image.array, VOLUME[None, ..., 0])


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr"])
def test_every_encoding_is_read(tmp_path: Path, encoding: str, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", encoding=encoding, space="RAS", space_directions=DIRECTIONS)
    image = read(path)
    assert image.array.flags.writeable
    np.testing.assert_array_equal(image.array[0], VOLUME)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
@pytest.mark.parametrize("damage", [lambda b: b[:-40], lambda b: b[:60], lambda b: b[:4], lambda b: b""])
@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr"])
def test_cut_file_is_named(tmp_path: Path, encoding: str, damage: Callable[[bytes], bytes], suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", encoding=encoding)
    for file in tmp_path.iterdir():
        file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path, Source(path=path.name))
    assert path.name in caught.value.what
    assert str(tmp_path) not in caught.value.describe()


def test_missing_data_file_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.nhdr", encoding="raw")
    (tmp_path / "a.raw").unlink()
    with pytest.raises(ReadError, match=r"a\.raw, which a\.nhdr names, does not exist"):
        read_image(tmp_path, Source(path="a.nhdr"))


def test_several_data_files_are_refused_in_words(tmp_path: Path) -> None:
    save(tmp_path / "a.nhdr", encoding="raw")
    text = (tmp_path / "a.nhdr").read_text().replace("a.raw", "a%03d.raw 1 6 1")
    (tmp_path / "a.nhdr").write_text(text)
    with pytest.raises(ReadError, match="several files"):
        read_image(tmp_path, Source(path="a.nhdr"))


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 1)])
def test_writing_repeats_space_and_shape_of_the_model(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = VOLUME[..., : shape[2]]
    fields = {"space": "right-anterior-superior", "space_directions": DIRECTIONS / 3, "space_origin": [0.1, 0.2, 0.3]}
    image = read(save(tmp_path / "a.nrrd", array, **fields))
    write_image(tmp_path / "b.nrrd", image, tmp_path / "a.nrrd")
    old, new = nrrd.read_header(str(tmp_path / "a.nrrd")), nrrd.read_header(str(tmp_path / "b.nrrd"))
    assert new["space"] == old["space"]
    for name in ("space directions", "space origin", "sizes"):
        np.testing.assert_array_equal(new[name], old[name])
    np.testing.assert_array_equal(read(tmp_path / "b.nrrd").array, image.array)


def test_unknown_spacing_stays_unknown(tmp_path: Path) -> None:
    for shape in ((4, 5), (4, 5, 6)):
        array = np.ones((2, *shape), np.uint8)
        write_image(tmp_path / "a.nrrd", Image(array, geometry_without_spacing(shape)))
        image = read(tmp_path / "a.nrrd")
        assert image.geometry.spacing_mm is None
        np.testing.assert_array_equal(image.array, array)


def test_detached_and_complex_are_not_written(tmp_path: Path) -> None:
    grid = Geometry((4, 5, 6), np.eye(4))
    with pytest.raises(InputError, match=r"choose the suffix \.nrrd"):
        write_image(tmp_path / "a.nhdr", Image(VOLUME[None], grid))
    with pytest.raises(InputError, match="cannot hold"):
        write_image(tmp_path / "a.nrrd", Image(VOLUME[None].astype(complex), grid))
    assert list(tmp_path.iterdir()) == []
