"""NIfTI headers as they come: contradicting, empty, cut short, scaled; and what is repeated when writing."""

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.io import read_header, read_image, write_image

AFFINE = np.array([[-2.0, 0, 0, 10], [0, 2, 0, -20], [0, 0, 3, 5], [0, 0, 0, 1]])


def volume(shape: tuple[int, ...] = (4, 5, 6), dtype: str = "int16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 100, shape).astype(dtype)


def save(path: Path, array: np.ndarray, affine: np.ndarray | None = AFFINE, **fields: object) -> Path:
    """Write with nibabel, then overwrite header fields as they stand in damaged files."""
    nifti = nibabel.Nifti1Image(array, affine)
    nifti.to_filename(path)
    header = nibabel.load(path).header
    for name, value in fields.items():
        header[name] = value
    content = bytearray(path.read_bytes())
    content[:348] = header.binaryblock
    path.write_bytes(content)
    return path


def read(path: Path) -> Image:
    image = read_image(path.parent, Source(path=path.name))
    header = read_header(path.parent, Source(path=path.name))
    assert header.geometry.shape == image.geometry.shape
    assert (header.channels, header.dtype, header.notes) == (image.channels, image.array.dtype.name, image.notes)
    return image


def error_of(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read_image(path.parent, Source(path=path.name))
    message = caught.value.describe()
    assert path.name in message
    assert str(path.parent) not in message
    return message


def test_disagreeing_sform_is_taken_and_the_distance_said(tmp_path: Path) -> None:
    nifti = nibabel.Nifti1Image(volume(), AFFINE)
    nifti.set_sform(AFFINE, 2)
    other = AFFINE.copy()
    other[0, 3] += 7
    nifti.set_qform(other, 1)
    nifti.to_filename(tmp_path / "a.nii")
    image = read(tmp_path / "a.nii")
    np.testing.assert_array_equal(image.geometry.affine, AFFINE)
    assert any("disagree" in n and "7 mm" in n and "sform (code 2) was taken" in n for n in image.notes)


def test_agreeing_forms_have_no_note(tmp_path: Path) -> None:
    nifti = nibabel.Nifti1Image(volume(), AFFINE)
    nifti.set_sform(AFFINE, 1)
    nifti.set_qform(AFFINE, 1)
    nifti.header.set_xyzt_units("mm")
    nifti.to_filename(tmp_path / "a.nii")
    assert read(tmp_path / "a.nii").notes == ()


def test_neither_form_gives_the_voxel_sizes_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", volume(), None, pixdim=[1, 0.5, 0.6, 2, 0, 0, 0, 0], xyzt_units=2)
    image = read(path)
    assert image.geometry.spacing_mm == pytest.approx((0.5, 0.6, 2))
    assert any("pixdim" in note and "orientation" in note for note in image.notes)


def test_a_header_that_says_nothing_has_no_spacing(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nii", volume(), None))
    assert image.geometry.spacing_mm is None
    assert any("spacing is unknown" in note for note in image.notes)


ZERO = {"srow_x": [0] * 4, "srow_y": [0] * 4, "srow_z": [0] * 4, "qform_code": 0, "sform_code": 1}


def test_zero_affine_falls_back_to_the_voxel_sizes(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nii", volume(), **ZERO))
    assert image.geometry.spacing_mm == pytest.approx((2, 2, 3))
    assert any("sform has no volume" in note for note in image.notes)


def test_zero_sform_falls_back_to_the_qform(tmp_path: Path) -> None:
    nifti = nibabel.Nifti1Image(volume(), AFFINE)
    nifti.set_qform(AFFINE, 1)
    nifti.to_filename(tmp_path / "b.nii")
    content = bytearray((tmp_path / "b.nii").read_bytes())
    content[280:328] = bytes(48)
    (tmp_path / "b.nii").write_bytes(content)
    image = read(tmp_path / "b.nii")
    np.testing.assert_allclose(image.geometry.affine, AFFINE, atol=1e-5)
    assert any("sform has no volume" in note for note in image.notes)


def test_zero_affine_without_voxel_sizes_is_refused(tmp_path: Path) -> None:
    message = error_of(save(tmp_path / "a.nii", volume(), pixdim=[0] * 8, **ZERO))
    assert "no volume" in message
    assert "what to do" in message


def test_nan_affine_is_refused_or_replaced(tmp_path: Path) -> None:
    fields = ZERO | {"srow_x": [np.nan] * 4}
    assert read(save(tmp_path / "a.nii", volume(), **fields)).geometry.spacing_mm == pytest.approx((2, 2, 3))


@pytest.mark.parametrize(("code", "factor", "word"), [(1, 1000, "metres"), (3, 0.001, "micrometres")])
def test_other_units_become_millimetres(tmp_path: Path, code: int, factor: float, word: str) -> None:
    image = read(save(tmp_path / "a.nii", volume(), xyzt_units=code))
    assert image.geometry.spacing_mm == pytest.approx((2 * factor, 2 * factor, 3 * factor))
    assert any(word in note for note in image.notes)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("keep", [0, 1, 20, 300, 400, 600])
def test_truncated_file_is_named(tmp_path: Path, suffix: str, keep: int) -> None:
    path = tmp_path / f"a{suffix}"
    nibabel.Nifti1Image(np.random.default_rng(1).integers(0, 30000, (20, 20, 20)).astype(np.int16), AFFINE).to_filename(
        path
    )
    path.write_bytes(path.read_bytes()[:keep])
    error_of(path)


def test_damaged_check_sum_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    nibabel.Nifti1Image(volume(), AFFINE).to_filename(path)
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    error_of(path)


def test_damaged_compression_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(bytes(4))[:10] + b"\xff" * 200)
    error_of(path)


def test_a_header_that_asks_for_a_terabyte_is_refused_at_once(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", volume(), dim=[3, 10000, 10000, 10000, 1, 1, 1, 1])
    assert "cut short" in error_of(path)
    packed = tmp_path / "b.nii.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert "cut short" in error_of(packed)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("dim", [0] * 8, "number of axes"),
        ("dim", [3, 4, 0, 6, 1, 1, 1, 1], "no image"),
        ("dim", [1, 4, 1, 1, 1, 1, 1, 1], "no image"),
        ("datatype", 999, "cannot be read"),
        ("datatype", 32, "complex"),
        ("magic", b"ni1", "pair of files"),
    ],
)
def test_damaged_header_is_refused_in_words(tmp_path: Path, field: str, value: object, says: str) -> None:
    assert says in error_of(save(tmp_path / "a.nii", volume(), **{field: value}))


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert "does not exist" in error_of(tmp_path / "nowhere.nii.gz")


def test_one_slice_is_two_dimensional(tmp_path: Path) -> None:
    image = read(save(tmp_path / "a.nii", volume((4, 5, 1))))
    assert image.array.shape == (1, 4, 5)
    np.testing.assert_array_equal(image.geometry.affine, AFFINE)


def test_one_slice_with_a_zero_slice_column_gets_its_normal(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", volume((4, 5, 1)), srow_x=[2, 0, 0, 1], srow_y=[0, 2, 0, 1], srow_z=[0, 0, 0, 1])
    np.testing.assert_allclose(read(path).geometry.affine[:3, 2], [0, 0, 3])


def test_fourth_axis_is_channels(tmp_path: Path) -> None:
    array = volume((4, 5, 6, 3))
    image = read(save(tmp_path / "a.nii", array))
    np.testing.assert_array_equal(image.array, np.moveaxis(array, -1, 0))
    assert any("channels" in note for note in image.notes)


def test_vector_axis_is_channels(tmp_path: Path) -> None:
    array = volume((4, 5, 6, 1, 3))
    np.testing.assert_array_equal(read(save(tmp_path / "a.nii", array)).array, np.moveaxis(array[..., 0, :], -1, 0))


def test_two_dimensional_channels(tmp_path: Path) -> None:
    array = volume((4, 5, 1, 3))
    np.testing.assert_array_equal(read(save(tmp_path / "a.nii", array)).array, np.moveaxis(array[:, :, 0], -1, 0))


def test_slope_gives_float32_and_no_slope_keeps_integers(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", volume(), scl_slope=0.5, scl_inter=-10)
    image = read(path)
    assert image.array.dtype == np.float32
    np.testing.assert_array_equal(image.array[0], volume() * np.float32(0.5) - 10)
    assert read(save(tmp_path / "b.nii", volume(), scl_slope=0)).array.dtype == np.int16


def test_big_endian_is_brought_to_native_order(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    nibabel.Nifti1Image(volume(dtype=">i2"), AFFINE, header).to_filename(tmp_path / "a.nii")
    image = read(tmp_path / "a.nii")
    assert image.array.dtype.isnative
    np.testing.assert_array_equal(image.array[0], volume())


def test_colours_become_three_channels(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 6), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"], colours["B"] = volume(), volume()[::-1]
    nibabel.Nifti1Image(colours, AFFINE).to_filename(tmp_path / "a.nii")
    image = read(tmp_path / "a.nii")
    assert read_header(tmp_path, Source(path="a.nii")).photographic
    np.testing.assert_array_equal(image.array, [colours["R"], colours["G"], colours["B"]])


def test_the_voxels_are_the_callers_own(tmp_path: Path) -> None:
    assert read(save(tmp_path / "a.nii", volume())).array.flags.writeable


def test_gzip_is_recognised_by_content_not_by_suffix(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", volume())
    (tmp_path / "b.nii.gz").write_bytes(path.read_bytes())
    path.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read(path).array, read(tmp_path / "b.nii.gz").array)


def test_paths_with_blanks_and_letters_work(tmp_path: Path) -> None:
    folder = tmp_path / "Größe und Maß 図"
    folder.mkdir()
    write_image(folder / "ein Bild.nii.gz", Image(volume()[None], Geometry((4, 5, 6), AFFINE)))
    np.testing.assert_array_equal(read(folder / "ein Bild.nii.gz").array[0], volume())


def fields(path: Path) -> dict[str, bytes]:
    header = nibabel.load(path).header
    names = "qform_code sform_code qoffset_x qoffset_y qoffset_z quatern_b quatern_c quatern_d srow_x srow_y srow_z"
    return {name: header[name].tobytes() for name in [*names.split(), "xyzt_units", "dim"]} | {
        "pixdim": header["pixdim"][:4].tobytes()
    }


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 1), (4, 5)])
@pytest.mark.parametrize("codes", [(1, 0), (0, 2), (1, 4), (3, 1), (0, 0)])
def test_a_written_label_map_repeats_the_header_bit_by_bit(
    tmp_path: Path, codes: tuple[int, int], shape: tuple[int, ...]
) -> None:
    affine = AFFINE.copy()
    affine[:3, :3] += 1e-3 * np.random.default_rng(5).normal(size=(3, 3))
    nifti = nibabel.Nifti1Image(volume(shape, "float32"), affine)
    nifti.set_qform(affine, codes[0])
    nifti.set_sform(affine, codes[1])
    nifti.header.set_xyzt_units("micron")
    nifti.to_filename(tmp_path / "a.nii")
    image = read(tmp_path / "a.nii")
    labels = image.with_array((image.array > 50).astype(np.int32))
    write_image(tmp_path / "b.nii.gz", labels, tmp_path / "a.nii")
    assert fields(tmp_path / "b.nii.gz") == fields(tmp_path / "a.nii")
    again = read(tmp_path / "b.nii.gz")
    np.testing.assert_array_equal(again.geometry.affine, image.geometry.affine)
    np.testing.assert_array_equal(again.array, labels.array)
    assert again.array.dtype == np.uint8


def test_nifti_2_stays_nifti_2(tmp_path: Path) -> None:
    affine = AFFINE + 1e-12
    affine[3] = [0, 0, 0, 1]
    nibabel.Nifti2Image(volume(), affine).to_filename(tmp_path / "a.nii")
    write_image(tmp_path / "b.nii", read(tmp_path / "a.nii"), tmp_path / "a.nii")
    assert isinstance(nibabel.load(tmp_path / "b.nii"), nibabel.Nifti2Image)
    np.testing.assert_array_equal(nibabel.load(tmp_path / "b.nii").affine, affine)


def test_another_grid_than_the_model_writes_its_own(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", volume())
    moved = AFFINE.copy()
    moved[0, 3] += 1
    write_image(tmp_path / "b.nii", Image(volume()[None], Geometry((4, 5, 6), moved)), tmp_path / "a.nii")
    np.testing.assert_array_equal(read(tmp_path / "b.nii").geometry.affine, moved)


def test_texts_of_the_model_are_not_copied(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", volume(), descrip=b"CANARY", db_name=b"CANARY", aux_file=b"CANARY")
    write_image(tmp_path / "b.nii", read(tmp_path / "a.nii"), tmp_path / "a.nii")
    assert b"CANARY" not in (tmp_path / "b.nii").read_bytes()


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(0, 255, "uint8"), (0, 256, "int16"), (-1, 5, "int16"), (0, 40000, "uint16"), (0, 70000, "int32")],
)
def test_wide_integers_are_narrowed_to_what_they_need(tmp_path: Path, low: int, high: int, dtype: str) -> None:
    array = np.array([[low, high]] * 2, np.int64)[None]
    write_image(tmp_path / "a.nii", Image(array, geometry_without_spacing((2, 2))))
    image = read(tmp_path / "a.nii")
    assert image.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.array, array)


def test_unknown_spacing_stays_unknown(tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", Image(volume()[None], geometry_without_spacing((4, 5, 6))))
    assert read(tmp_path / "a.nii.gz").geometry.spacing_mm is None


def test_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    image = Image(volume((3, 4, 5, 6)), Geometry((4, 5, 6), AFFINE))
    write_image(tmp_path / "a.nii.gz", image)
    write_image(tmp_path / "b.nii.gz", image)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    np.testing.assert_array_equal(read(tmp_path / "a.nii.gz").array, image.array)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    image = Image(np.zeros((1, 4, 5), complex), geometry_without_spacing((4, 5)))
    with pytest.raises(InputError, match="cannot hold"):
        write_image(tmp_path / "a.nii", image)
    assert list(tmp_path.iterdir()) == []


def test_long_axis_needs_nifti_2(tmp_path: Path) -> None:
    array = np.zeros((1, 40000, 2), np.uint8)
    write_image(tmp_path / "a.nii", Image(array, geometry_without_spacing((40000, 2))))
    assert struct.unpack("<i", (tmp_path / "a.nii").read_bytes()[:4]) == (540,)
    assert read(tmp_path / "a.nii").array.shape == array.shape


def test_gzip_stream_cut_in_half_is_called_truncated_and_not_empty(tmp_path: Path) -> None:
    whole = save_packed(tmp_path / "whole.nii.gz")
    path = tmp_path / "trunc.nii.gz"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    message = error_of(path)
    assert "trunc.nii.gz is cut short" in message
    assert "got: a gzip stream that ends before its end: the file is truncated" in message


def save_packed(path: Path) -> Path:
    nibabel.Nifti1Image(np.random.default_rng(0).integers(0, 9999, (32, 32, 32)).astype("int16"), AFFINE).to_filename(
        path
    )
    return path
