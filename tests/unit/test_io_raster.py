"""Pictures: bit depth, palettes, transparency, orientation, pages and pixel sizes."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.core.ports.reader import Header
from diascope.io import read_header, read_image, read_labels, write_image

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 9)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)
NO_GRID = geometry_without_spacing((6, 9))


def read(path: Path) -> tuple[Image, Header]:
    image = read_image(path.parent, Source(path=path.name))
    header = read_header(path.parent, Source(path=path.name))
    assert header.geometry.shape == image.geometry.shape
    assert header.geometry.spacing_mm == image.geometry.spacing_mm
    assert (header.channels, header.dtype, header.notes) == (image.channels, image.array.dtype.name, image.notes)
    assert image.array.flags.writeable
    assert image.array.flags.c_contiguous
    return image, header


def labels(path: Path) -> Image:
    return read_labels(path.parent, Source(path=path.name), NO_GRID)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_grey_and_colour_keep_their_samples(tmp_path: Path, suffix: str) -> None:
    Pillow.fromarray(GREY).save(tmp_path / f"g{suffix}")
    Pillow.fromarray(COLOUR).save(tmp_path / f"c{suffix}")
    grey, header = read(tmp_path / f"g{suffix}")
    np.testing.assert_array_equal(grey.array[0], GREY)
    assert not header.photographic
    colour, header = read(tmp_path / f"c{suffix}")
    np.testing.assert_array_equal(colour.array, COLOUR.transpose(2, 0, 1))
    assert header.photographic
    assert colour.geometry.spacing_mm is None
    assert colour.notes == ()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_eight_and_sixteen_bits_survive_a_round_trip(tmp_path: Path, suffix: str, channels: int, dtype: str) -> None:
    array = RNG.integers(0, np.iinfo(dtype).max, (channels, 6, 9)).astype(dtype)
    write_image(tmp_path / f"a{suffix}", Image(array, NO_GRID))
    image, header = read(tmp_path / f"a{suffix}")
    assert image.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.array, array)
    assert header.photographic == (channels == 3)


def test_sixteen_bit_png_by_pillow_is_read_whole(tmp_path: Path) -> None:
    Pillow.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png")[0].array[0], GREY.astype(np.uint16) * 257)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_keep_their_own_numbers(tmp_path: Path, bits: int) -> None:
    numbers = (GREY % 2**bits).astype(np.uint8)
    path = tmp_path / "a.png"
    if bits == 1:
        Pillow.fromarray(numbers.astype(bool)).save(path)
    else:
        write_small_png(path, numbers, bits)
    np.testing.assert_array_equal(read(path)[0].array[0], numbers)
    np.testing.assert_array_equal(labels(path).array[0], numbers)


def write_small_png(path: Path, numbers: np.ndarray, bits: int) -> None:
    """Write grey samples of 2 or 4 bits, which no library at hand does."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns = numbers.shape
    spread = (numbers[..., None] >> np.arange(bits - 1, -1, -1) & 1).reshape(rows, -1)
    lines = b"".join(b"\0" + np.packbits(row).tobytes() for row in spread)
    head = struct.pack(">IIBBBBB", columns, rows, bits, 0, 0, 0, 0)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def palette_picture(grey: bool = False) -> Pillow.Image:
    picture = Pillow.fromarray(GREY % 4)
    picture = picture.convert("P")
    colours = [[n * 60] * 3 for n in range(4)] if grey else [[0, 0, 0], [255, 0, 0], [0, 255, 0], [9, 8, 7]]
    picture.putpalette(np.array(colours, np.uint8).tobytes())
    return picture


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_palette_is_colours_to_an_image_and_numbers_to_a_label_map(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    palette_picture().save(path)
    image, header = read(path)
    assert header.photographic
    np.testing.assert_array_equal(image.array, np.asarray(palette_picture().convert("RGB")).transpose(2, 0, 1))
    assert any("palette" in note for note in image.notes)
    np.testing.assert_array_equal(labels(path).array[0], GREY % 4)


def test_palette_of_greys_is_one_grey_channel(tmp_path: Path) -> None:
    palette_picture(grey=True).save(tmp_path / "a.png")
    image, header = read(tmp_path / "a.png")
    np.testing.assert_array_equal(image.array[0], GREY % 4 * 60)
    assert not header.photographic
    np.testing.assert_array_equal(labels(tmp_path / "a.png").array[0], GREY % 4)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_is_left_out_and_said(tmp_path: Path, suffix: str, channels: int) -> None:
    array = RNG.integers(0, 256, (6, 9, channels)).astype(np.uint8)
    Pillow.fromarray(array).save(tmp_path / f"a{suffix}")
    image, _ = read(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(image.array, array[..., :-1].transpose(2, 0, 1))
    assert any("transparency" in note for note in image.notes)


def test_sixteen_bit_transparency_is_left_out(tmp_path: Path) -> None:
    array = RNG.integers(0, 65535, (6, 9, 4)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    np.testing.assert_array_equal(read(tmp_path / "a.png")[0].array, array[..., :3].transpose(2, 0, 1))


def test_grey_stored_as_colour_is_one_channel_to_a_label_map(tmp_path: Path) -> None:
    Pillow.fromarray(np.repeat(GREY[..., None], 3, -1)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(labels(tmp_path / "a.png").array[0], GREY)


def test_jpeg_labels_carry_a_warning(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).save(tmp_path / "a.jpg", quality=95)
    assert any("JPEG" in note for note in labels(tmp_path / "a.jpg").notes)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_colour_spaces_become_red_green_blue(tmp_path: Path, mode: str) -> None:
    Pillow.new("RGB", (9, 6), (200, 30, 90)).convert(mode).save(tmp_path / "a.jpg", quality=100)
    image, header = read(tmp_path / "a.jpg")
    assert header.photographic
    np.testing.assert_allclose(image.array.mean((1, 2)), (200, 30, 90), atol=4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_orientation_is_applied_like_pillow_does(tmp_path: Path, suffix: str, orientation: int) -> None:
    from PIL import ImageOps

    path = tmp_path / f"a{suffix}"
    exif = Pillow.Exif()
    exif[274] = orientation
    Pillow.fromarray(GREY).save(path, exif=exif)
    image, _ = read(path)
    Pillow.fromarray(GREY if suffix != ".jpg" else np.asarray(Pillow.open(path))).save(tmp_path / "b.png", exif=exif)
    with Pillow.open(tmp_path / "b.png") as picture:
        np.testing.assert_array_equal(image.array[0], np.asarray(ImageOps.exif_transpose(picture)))
    assert len(image.notes) == (orientation > 1)


def test_dots_per_inch_of_png_and_jpeg_are_no_pixel_size(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        Pillow.fromarray(GREY).save(tmp_path / name, dpi=(300, 300))
        image, _ = read(tmp_path / name)
        assert image.geometry.spacing_mm is None
        assert image.notes == ()


def save_tiff(path: Path, array: np.ndarray, **options: Any) -> Path:
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_pages_are_slices_in_every_number_type(tmp_path: Path, dtype: str, compression: str | None) -> None:
    stack = RNG.integers(0, 100, (5, 6, 9)).astype(dtype)
    image, _ = read(save_tiff(tmp_path / "a.tif", stack, photometric="minisblack", compression=compression))
    assert image.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.array[0], stack.transpose(1, 2, 0))


def test_pages_by_pillow_are_slices(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(GREY + n) for n in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0].array[0], np.stack([GREY, GREY + 1, GREY + 2], -1))


def test_colour_pages_and_separate_planes(tmp_path: Path) -> None:
    stack = RNG.integers(0, 256, (5, 6, 9, 3)).astype(np.uint8)
    image, header = read(save_tiff(tmp_path / "a.tif", stack, photometric="rgb"))
    np.testing.assert_array_equal(image.array, stack.transpose(3, 1, 2, 0))
    assert header.photographic
    planes = COLOUR.transpose(2, 0, 1)
    path = save_tiff(tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read(path)[0].array, planes)


def test_inverted_grey_is_turned_the_right_way(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", GREY, photometric="miniswhite")
    np.testing.assert_array_equal(read(path)[0].array[0], 255 - GREY)


def test_one_bit_tiff_becomes_zero_and_one(tmp_path: Path) -> None:
    Pillow.fromarray(GREY > 128).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0].array[0], GREY > 128)


def test_imagej_stack_has_its_spacing(tmp_path: Path) -> None:
    stack = RNG.integers(0, 100, (5, 6, 9)).astype(np.uint16)
    about = {"spacing": 2.5, "unit": "um", "axes": "ZYX"}
    path = save_tiff(tmp_path / "a.tif", stack, imagej=True, resolution=(4, 2), metadata=about)
    np.testing.assert_allclose(read(path)[0].geometry.spacing_mm, (0.5e-3, 0.25e-3, 2.5e-3))


def test_imagej_pixels_are_no_length(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", GREY, imagej=True, resolution=(1, 1), metadata={"unit": "pixel"})
    assert read(path)[0].geometry.spacing_mm is None


def test_imagej_channels(tmp_path: Path) -> None:
    stack = RNG.integers(0, 100, (4, 2, 6, 9)).astype(np.uint16)
    image, header = read(save_tiff(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX"}))
    np.testing.assert_array_equal(image.array, stack.transpose(1, 2, 3, 0))
    assert not header.photographic


def test_ome_sizes_are_taken_with_their_unit(tmp_path: Path) -> None:
    stack = RNG.integers(0, 100, (2, 5, 6, 9)).astype(np.uint16)
    about = {"axes": "CZYX", "PhysicalSizeX": 0.3, "PhysicalSizeY": 400, "PhysicalSizeYUnit": "nm", "PhysicalSizeZ": 2}
    image, _ = read(save_tiff(tmp_path / "a.ome.tif", stack, metadata=about, photometric="minisblack"))
    np.testing.assert_allclose(image.geometry.spacing_mm, (4e-4, 3e-4, 2e-3))
    np.testing.assert_array_equal(image.array, stack.transpose(0, 2, 3, 1))


def test_centimetres_are_a_pixel_size_and_inches_are_not(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", GREY, resolution=(100, 50), resolutionunit="CENTIMETER")
    np.testing.assert_allclose(read(path)[0].geometry.spacing_mm, (0.2, 0.1))
    image, _ = read(save_tiff(tmp_path / "b.tif", GREY, resolution=(300, 300), resolutionunit="INCH"))
    assert image.geometry.spacing_mm is None
    assert any("300 dots per inch" in note for note in image.notes)


def test_a_volume_without_slice_distance_has_no_spacing(tmp_path: Path) -> None:
    stack = np.stack([GREY] * 5)
    path = save_tiff(tmp_path / "a.tif", stack, resolution=(100, 50), resolutionunit="CENTIMETER")
    image, _ = read(path)
    assert image.geometry.spacing_mm is None
    assert any("distance of the slices" in note for note in image.notes)


def test_time_is_slices_and_with_depth_refused(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.ome.tif", np.stack([GREY] * 5), metadata={"axes": "TYX"})
    assert any("time" in note for note in read(path)[0].notes)
    path = save_tiff(tmp_path / "b.ome.tif", np.stack([[GREY] * 5] * 2), metadata={"axes": "TZYX"})
    with pytest.raises(ReadError, match=r"b\.ome\.tif: the file has several axes"):
        read(path)


def test_pages_of_another_size_are_said(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(GREY)
        file.write(GREY[:3])
    image, _ = read(tmp_path / "a.tif")
    assert image.array.shape == (1, 6, 9)
    assert any("2 pictures" in note for note in image.notes)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("depth", [8, 16])
def test_cut_file_is_named(tmp_path: Path, suffix: str, share: float, depth: int) -> None:
    path = tmp_path / f"a{suffix}"
    noise = RNG.integers(0, 255, (64, 64)).astype(np.uint16 if depth == 16 else np.uint8)
    if suffix in (".png", ".tif"):
        write_image(path, Image(noise[None], geometry_without_spacing(noise.shape)))
    else:
        Pillow.fromarray(noise.astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path, Source(path=path.name))
    assert path.name in caught.value.what
    assert str(tmp_path) not in caught.value.describe()


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("pages", [1, 4])
def test_cut_tiff_is_not_filled_with_zeros(tmp_path: Path, compression: str | None, pages: int) -> None:
    stack = RNG.integers(0, 255, (pages, 64, 64)).astype(np.uint8)
    path = save_tiff(tmp_path / "a.tif", stack, compression=compression, photometric="minisblack", rowsperstrip=8)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ReadError, match=r"a\.tif"):
        read_image(tmp_path, Source(path="a.tif"))


def test_a_tiff_that_lacks_strips_is_refused_at_once(tmp_path: Path) -> None:
    path = save_tiff(tmp_path / "a.tif", GREY, compression="zlib", rowsperstrip=2, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageLength"].overwrite(1 << 24)
    with pytest.raises(ReadError, match=r"a\.tif is damaged") as caught:
        read_image(tmp_path, Source(path="a.tif"))
    assert "8388608 strips" in str(caught.value.expected)


def test_pixel_size_survives_a_tiff_round_trip(tmp_path: Path) -> None:
    for shape, steps in (((6, 9), (0.5, 0.25)), ((6, 9, 4), (0.5, 0.25, 3.0))):
        array = RNG.normal(size=(2, *shape)).astype(np.float32)
        grid = Geometry(shape, np.diag([*steps, *(1.0,) * (4 - len(steps))]))
        write_image(tmp_path / "a.tif", Image(array, grid))
        image, _ = read(tmp_path / "a.tif")
        np.testing.assert_array_equal(image.array, array)
        np.testing.assert_allclose(image.geometry.affine, grid.affine)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 4), (6, 9, 3)])
def test_tiff_keeps_channels_and_slices_apart(tmp_path: Path, channels: int, shape: tuple[int, ...]) -> None:
    array = RNG.integers(0, 255, (channels, *shape)).astype(np.uint8)
    write_image(tmp_path / "a.tif", Image(array, geometry_without_spacing(shape)))
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0].array, array)


def test_png_takes_label_maps_of_any_integer(tmp_path: Path) -> None:
    for highest, dtype in ((3, "uint8"), (300, "uint16"), (40000, "uint16")):
        array = np.array([[[0, highest]]], np.int32)
        write_image(tmp_path / "a.png", Image(array, geometry_without_spacing((1, 2))))
        image, _ = read(tmp_path / "a.png")
        assert image.array.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(image.array, array)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("a.png", np.full((1, 6, 9), 0.5)),
        ("a.png", np.full((1, 6, 9), -1)),
        ("a.png", np.zeros((2, 6, 9), np.uint8)),
        ("a.png", np.zeros((1, 6, 9, 2), np.uint8)),
        ("a.jpg", np.zeros((1, 6, 9), np.uint8)),
        ("a.bmp", np.zeros((1, 6, 9), np.uint8)),
        ("a.tif", np.zeros((1, 6, 9), complex)),
    ],
)
def test_what_a_format_would_change_is_not_written(tmp_path: Path, name: str, array: np.ndarray) -> None:
    with pytest.raises(InputError):
        write_image(tmp_path / name, Image(array, geometry_without_spacing(array.shape[1:])))
    assert list(tmp_path.iterdir()) == []


def test_wrong_suffix_is_read_by_content(tmp_path: Path) -> None:
    Pillow.fromarray(GREY).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "b é.tif")
    np.testing.assert_array_equal(read(tmp_path / "b é.tif")[0].array[0], GREY)
