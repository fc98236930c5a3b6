"""MetaImage headers beyond what ITK writes, damaged files, and what is repeated when writing."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.io import read_header, read_image, write_image

VOLUME = np.random.default_rng(0).integers(0, 100, (4, 5, 6)).astype(np.int16)
LINES = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "1 2 3",
    "ElementSpacing": "0.5 0.6 2",
    "DimSize": "4 5 6",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}


def save(path: Path, content: bytes = VOLUME.tobytes("F"), drop: tuple[str, ...] = (), **changes: str) -> Path:
    last = {"ElementDataFile": changes.pop("ElementDataFile", "LOCAL")}
    lines = {k: v for k, v in (LINES | changes).items() if k not in ("ElementDataFile", *drop)} | last
    path.write_bytes("".join(f"{k} = {v}\n" for k, v in lines.items()).encode() + content)
    return path


def read(path: Path) -> Image:
    image = read_image(path.parent, Source(path=path.name))
    header = read_header(path.parent, Source(path=path.name))
    assert header.geometry.shape == image.geometry.shape
    assert (header.channels, header.dtype, header.notes) == (image.channels, image.array.dtype.name, image.notes)
    return image


def test_lps_becomes_ras(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.mha"))
    np.testing.assert_array_equal(
        image.geometry.affine, [[-0.5, 0, 0, -1], [0, -0.6, 0, -2], [0, 0, 2, 3], [0, 0, 0, 1]]
    )
    np.testing.assert_array_equal(image.array[0], VOLUME)
    assert image.array.flags.writeable


def test_big_endian_and_text_are_read(tmp_path: Path) -> None:
    big = save(tmp_path / "a.mha", VOLUME.astype(">i2").tobytes("F"), BinaryDataByteOrderMSB="True")
    text = save(tmp_path / "b.mha", " ".join(map(str, VOLUME.ravel("F"))).encode(), BinaryData="False")
    for path in (big, text):
        np.testing.assert_array_equal(read(path).array[0], VOLUME)


def test_header_size_counts_from_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(b"something else first" + VOLUME.tobytes("F"))
    save(tmp_path / "a.mhd", b"", HeaderSize="-1", ElementDataFile="a.raw")
    np.testing.assert_array_equal(read(tmp_path / "a.mhd").array[0], VOLUME)


def test_fourth_axis_is_channels(tmp_path: Path) -> None:
    array = np.stack([VOLUME, VOLUME + 1], -1)
    matrix = " ".join(str(int(n)) for n in np.eye(4).ravel())
    path = save(
        tmp_path / "a.mha",
        array.tobytes("F"),
        NDims="4",
        DimSize="4 5 6 2",
        ElementSpacing="0.5 0.6 2 1",
        Offset="1 2 3 0",
        TransformMatrix=matrix,
    )
    image = read(path)
    np.testing.assert_array_equal(image.array, np.moveaxis(array, -1, 0))
    np.testing.assert_allclose(image.geometry.spacing_mm, (0.5, 0.6, 2))


def test_without_spacing_it_is_unknown_and_without_origin_said(tmp_path: Path) -> None:
    assert read(save(tmp_path / "a.mha", drop=("ElementSpacing",))).geometry.spacing_mm is None
    image = read(save(tmp_path / "b.mha", drop=("Offset", "TransformMatrix")))
    assert any("no directions and origin" in note for note in image.notes)


@pytest.mark.parametrize("keep", [0, 30, 200, 300, 340])
@pytest.mark.parametrize("packed", [True, False])
def test_cut_file_is_named(tmp_path: Path, keep: int, packed: bool) -> None:
    voxels = zlib.compress(VOLUME.tobytes("F")) if packed else VOLUME.tobytes("F")
    path = save(tmp_path / "a.mha", voxels, CompressedData=str(packed))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path, Source(path="a.mha"))
    assert "a.mha" in caught.value.what


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DimSize": "4 5"}, "contradicts itself"),
        ({"ElementType": "MET_STRING"}, "contradicts itself"),
        ({"DimSize": "4 5 many"}, "cannot be read"),
        ({"DimSize": "100000 100000 100000"}, "cut short"),
        ({"DimSize": "100000 100000 100000", "CompressedData": "True"}, "cut short"),
        ({"ElementSpacing": "0 1 1"}, "no volume"),
        ({"ElementDataFile": "slice%03d.raw 1 6 1"}, "several files"),
        ({"ElementDataFile": "gone.raw"}, "gone.raw, which a.mha names, does not exist"),
    ],
)
def test_damaged_header_is_refused_in_words(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path, Source(path=save(tmp_path / "a.mha", **changes).name))
    assert says in caught.value.what
    assert "a.mha" in caught.value.what


@pytest.mark.parametrize("size", ["4 5 6", "4 5 1"])
def test_writing_repeats_numbers_and_shape_of_the_model(tmp_path: Path, size: str) -> None:
    count = VOLUME[..., : int(size[-1])]
    path = save(tmp_path / "a.mha", count.tobytes("F"), ElementSpacing="0.1 0.2 0.30000000000000004", DimSize=size)
    write_image(tmp_path / "b.mha", read(path), path)
    text = (tmp_path / "b.mha").read_bytes().split(b"ElementDataFile")[0].decode()
    assert "ElementSpacing = 0.1 0.2 0.30000000000000004\n" in text
    assert f"DimSize = {size}\n" in text
    np.testing.assert_array_equal(read(tmp_path / "b.mha").geometry.affine, read(path).geometry.affine)
    np.testing.assert_array_equal(read(tmp_path / "b.mha").array, read(path).array)


def test_unknown_spacing_stays_unknown(tmp_path: Path) -> None:
    for shape in ((4, 5), (4, 5, 6)):
        array = np.ones((2, *shape), np.uint8)
        write_image(tmp_path / "a.mha", Image(array, geometry_without_spacing(shape)))
        image = read(tmp_path / "a.mha")
        assert image.geometry.spacing_mm is None
        np.testing.assert_array_equal(image.array, array)


def test_detached_and_complex_are_not_written(tmp_path: Path) -> None:
    grid = Geometry((4, 5, 6), np.eye(4))
    with pytest.raises(InputError, match=r"choose the suffix \.mha"):
        write_image(tmp_path / "a.mhd", Image(VOLUME[None], grid))
    with pytest.raises(InputError, match="cannot hold"):
        write_image(tmp_path / "a.mha", Image(VOLUME[None].astype(complex), grid))
    assert list(tmp_path.iterdir()) == []
