"""Pixels of DICOM files: codecs, colour, palettes, MONOCHROME1 and rescale."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from dicom_factory import new_dataset, place, save, set_pixels
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.image import Image
from diascope.io import dicom


def smooth(bits: int, frames: int = 1, *, signed: bool = False) -> np.ndarray:
    """Return frames of waves over the whole range of a number of bits, ``(F, 40, 56)``."""
    k, y, x = np.mgrid[:frames, :40, :56]
    waves = (np.sin(x / 9 + k) + np.cos(y / 7) + 2) / 4 * (2**bits - 1)
    if signed:
        return (waves - 2 ** (bits - 1)).astype(np.int8 if bits <= 8 else np.int16)
    return waves.astype(np.uint8 if bits <= 8 else np.uint16)


def picture() -> np.ndarray:
    """Return a smooth colour picture ``(40, 56, 3)``."""
    y, x = np.mgrid[:40, :56]
    return np.stack([x * 4, y * 6, 120 + x + y], -1).astype(np.uint8)


def compressed(ds: FileDataset, syntax: str, streams: list[bytes]) -> FileDataset:
    """Return the data set with its pixels replaced by code streams."""
    ds.PixelData = encapsulate(streams)
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def grey(pixels: np.ndarray, bits: int, kind: str = "US", **elements: object) -> FileDataset:
    ds = new_dataset(kind)
    set_pixels(ds, pixels if len(pixels) > 1 else pixels[0], bits=bits)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def read(ds: FileDataset, tmp_path: Path) -> Image:
    path = save(ds, tmp_path / "image.dcm")
    image = dicom.read(path, Source(path=path.name))
    assert dicom.read_header(path, Source(path=path.name)).dtype == image.array.dtype.name
    return image


def frames_of(image: Image) -> np.ndarray:
    return image.frames[0]


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize(
    ("syntax", "bits"), [(uid.JPEGBaseline8Bit, 8), (uid.JPEGExtended12Bit, 8), (uid.JPEGExtended12Bit, 12)]
)
def test_lossy_jpeg_of_8_and_12_bits(tmp_path: Path, syntax: str, bits: int, frames: int) -> None:
    pixels = smooth(bits, frames)
    streams = [imagecodecs.jpeg8_encode(p, level=98, bitspersample=bits) for p in pixels]
    image = read(compressed(grey(pixels, bits), syntax, streams), tmp_path)
    assert np.abs(frames_of(image).astype(int) - pixels).max() <= 2 ** (bits - 8) * 3
    assert image.array.dtype == (np.uint8 if bits == 8 else np.int16)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("predictor", [1, 4, 7])
def test_lossless_jpeg_process_14_of_every_depth_and_predictor(tmp_path: Path, bits: int, predictor: int) -> None:
    pixels = smooth(bits)
    stream = imagecodecs.jpeg8_encode(pixels[0], lossless=True, predictor=predictor, bitspersample=bits)
    syntax = uid.JPEGLosslessSV1 if predictor == 1 else uid.JPEGLossless
    image = read(compressed(grey(pixels, bits), syntax, [stream]), tmp_path)
    np.testing.assert_array_equal(frames_of(image), pixels)


@pytest.mark.parametrize("bits", [12, 16])
def test_lossless_jpeg_of_signed_values(tmp_path: Path, bits: int) -> None:
    pixels = smooth(bits, signed=True)
    raw = (pixels[0].view(np.uint16) & (2**bits - 1)).astype(np.uint16)
    stream = imagecodecs.jpeg8_encode(raw, lossless=True, predictor=1, bitspersample=bits)
    image = read(compressed(grey(pixels, bits), uid.JPEGLosslessSV1, [stream]), tmp_path)
    np.testing.assert_array_equal(frames_of(image), pixels)


@pytest.mark.parametrize(
    "syntax", [uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.RLELossless, uid.DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (12, True), (16, False), (16, True)])
@pytest.mark.parametrize("frames", [1, 2])
def test_lossless_codecs_give_back_every_value(
    tmp_path: Path, syntax: str, bits: int, signed: bool, frames: int
) -> None:
    pixels = smooth(bits, frames, signed=signed)
    ds = grey(pixels, bits)
    if syntax == uid.DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = syntax
    else:
        ds.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(frames_of(read(ds, tmp_path)), pixels)


@pytest.mark.parametrize("adobe", [True, False])
@pytest.mark.parametrize("space", ["RGB", "YCBCR"])
def test_colour_jpeg_comes_back_as_rgb(tmp_path: Path, space: str, adobe: bool) -> None:
    ds = new_dataset("US")
    set_pixels(ds, picture(), photometric="RGB" if space == "RGB" else "YBR_FULL_422")
    stream = imagecodecs.jpeg8_encode(picture(), level=98, colorspace="RGB", outcolorspace=space, subsampling="444")
    if space == "RGB" and not adobe:  # without its marker only the data set says what the samples are
        start = stream.find(b"\xff\xee")
        stream = stream[:start] + stream[start + 16 :]
    image = read(compressed(ds, uid.JPEGBaseline8Bit, [stream]), tmp_path)
    assert image.array.shape == (3, 40, 56)
    assert np.abs(np.moveaxis(image.array, 0, -1).astype(int) - picture()).max() <= 6


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_lossless_colour_jpeg_comes_back_as_rgb(tmp_path: Path, photometric: str) -> None:
    from pydicom.pixels.processing import convert_color_space

    stored = np.ascontiguousarray(convert_color_space(picture(), "RGB", photometric))
    ds = new_dataset("US")
    set_pixels(ds, stored, photometric=photometric)
    space = "RGB" if photometric == "RGB" else "YCBCR"
    stream = imagecodecs.jpeg8_encode(
        stored, lossless=True, predictor=1, colorspace=space, outcolorspace=space, subsampling="444"
    )
    image = read(compressed(ds, uid.JPEGLosslessSV1, [stream]), tmp_path)
    assert np.abs(np.moveaxis(image.array, 0, -1).astype(int) - picture()).max() <= 2


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("planar", [0, 1])
def test_uncompressed_colour_comes_back_as_rgb(tmp_path: Path, photometric: str, planar: int) -> None:
    from pydicom.pixels.processing import convert_color_space

    stored = np.ascontiguousarray(convert_color_space(picture(), "RGB", photometric))
    ds = new_dataset("US")
    set_pixels(ds, stored, photometric=photometric)
    if planar:
        ds.PlanarConfiguration, ds.PixelData = 1, np.moveaxis(stored, -1, 0).tobytes()
    path = save(ds, tmp_path / "colour.dcm")
    image, header = dicom.read(path, Source(path="c")), dicom.read_header(path, Source(path="c"))
    assert np.abs(np.moveaxis(image.array, 0, -1).astype(int) - picture()).max() <= 2
    assert header.photographic
    assert (header.channels, image.unit) == (3, None)


def test_palette_becomes_rgb(tmp_path: Path) -> None:
    indices = np.arange(12, dtype=np.uint8).reshape(3, 4)
    table = np.arange(256, dtype=np.uint16)
    ds = new_dataset("US")
    set_pixels(ds, indices, photometric="PALETTE COLOR")
    for name, values in (("Red", table << 8), ("Green", (255 - table) << 8), ("Blue", table * 0)):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", values.astype("<u2").tobytes())
    image = read(ds, tmp_path)
    np.testing.assert_array_equal(image.array, np.stack([indices, 255 - indices, indices * 0]))


def test_monochrome1_is_inverted_within_the_stored_range(tmp_path: Path) -> None:
    ds = new_dataset("CR")
    pixels = smooth(10)[0]
    set_pixels(ds, pixels, bits=10, photometric="MONOCHROME1")
    image = read(ds, tmp_path)
    np.testing.assert_array_equal(image.array[0], 1023 - pixels)
    assert "MONOCHROME1" in image.notes[-1]


def test_monochrome1_of_hounsfield_units_is_only_a_way_to_show_them(tmp_path: Path) -> None:
    ds = new_dataset("CT")
    set_pixels(ds, smooth(10)[0], bits=10, photometric="MONOCHROME1")
    np.testing.assert_array_equal(read(ds, tmp_path).array[0], smooth(10)[0])


def test_rescale_to_another_unit_is_not_called_hounsfield(tmp_path: Path) -> None:
    image = read(grey(smooth(12), 12, "CT", RescaleSlope="1", RescaleIntercept="0", RescaleType="US"), tmp_path)
    assert image.unit is None
    assert "not in HU" in image.notes[-1]


def test_modality_table_replaces_slope_and_intercept(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4, 10, 16], "US"
    table.LUTData = np.array([5, 50, 500, 5000], "<u2").tobytes()
    table["LUTData"].VR = "OW"
    pixels = np.array([[[9, 10, 11], [12, 13, 14]]], np.uint16)
    image = read(grey(pixels, 12, "CR", ModalityLUTSequence=Sequence([table])), tmp_path)
    np.testing.assert_array_equal(image.array[0], [[5, 5, 50], [500, 5000, 5000]])


def test_bits_above_bits_stored_are_not_part_of_the_value(tmp_path: Path) -> None:
    pixels = smooth(12)
    ds = grey(pixels | np.uint16(0x8000), 12)
    np.testing.assert_array_equal(read(ds, tmp_path).array[0], pixels[0])


def test_spacing_at_the_detector_is_kept_for_a_radiograph(tmp_path: Path) -> None:
    ds = grey(smooth(12), 12, "CR", ImagerPixelSpacing=["0.2", "0.1"])
    image = read(ds, tmp_path)
    assert image.geometry.shape == (40, 56)
    assert image.geometry.spacing_mm == (0.2, 0.1)


def test_file_without_preamble_is_readable(tmp_path: Path) -> None:
    ds = grey(smooth(12), 12, "CT")
    place(ds, (0, 0, 0), np.eye(3), (1, 1, 1))
    path = tmp_path / "bare"
    plain = Dataset()
    plain.update(ds)
    plain.save_as(path, implicit_vr=True, little_endian=True)
    assert dicom.is_readable(path)
    np.testing.assert_array_equal(dicom.read(path, Source(path="bare")).array[0], smooth(12)[0].T)


@pytest.mark.parametrize(
    "content", [b"", b"\x08\x00", b"hello, this is no image at all", b"\x5c\x01\0\0" + b"\0" * 400]
)
def test_other_files_are_not_taken_for_dicom(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert not dicom.is_readable(path)


def test_video_is_refused_with_a_way_out(tmp_path: Path) -> None:
    ds = compressed(grey(smooth(8), 8), uid.MPEG4HP41, [b"\0\0\0\1"])
    path = save(ds, tmp_path / "film.dcm")
    with pytest.raises(ReadError, match="does not decode"):
        dicom.read(path, Source(path="film"))


@pytest.mark.data
def test_every_sample_opens_as_its_header_says(shared_data: Path) -> None:
    from diascope.io import find_reader

    paths = sorted((shared_data / "dicom_samples").glob("*.dcm")) + sorted((shared_data / "siim_ct/dicom").glob("*"))
    assert len(paths) == 22
    for path in paths:
        reader, source = find_reader(path), Source(path=path.name)
        image, header = reader.read(path, source), reader.read_header(path, source)
        assert image.array.dtype.name == header.dtype
        assert image.geometry.is_same_grid(header.geometry)
        assert np.ptp(image.array) > 0
