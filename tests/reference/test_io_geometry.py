"""World positions and voxels are those of nibabel and SimpleITK, in both directions."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from diascope.core.documents.dataset import Source
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.io import read_image, write_image

SHAPE = (7, 6, 5)
LPS = np.array([-1.0, -1.0, 1.0])


def rotation(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


AFFINES = {
    "axis_aligned": np.diag([1.0, 1.0, 1.0]),
    "lps": np.diag([-0.8, -0.8, 3.0]),
    "left_handed": np.diag([-1.0, 1.0, 2.0]),
    "permuted": np.array([[0, 0, 2.0], [0.5, 0, 0], [0, -0.7, 0]]),
    "oblique": rotation(1) * [0.7, 0.9, 4.0],
    "oblique_left_handed": rotation(2) * [-0.7, 0.9, 4.0],
}


def geometry(name: str) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = AFFINES[name], (-12.5, 30.25, 101.0)
    return Geometry(SHAPE, affine)


def volume(dtype: str = "int16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, SHAPE).astype(dtype)


def as_itk(name: str) -> sitk.Image:
    grid = geometry(name)
    image = sitk.GetImageFromArray(volume().transpose())
    image.SetSpacing(grid.steps)
    direction = grid.affine[:3, :3] / np.asarray(grid.steps) * LPS[:, None]
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin((grid.affine[:3, 3] * LPS).tolist())
    return image


def itk_corners(image: sitk.Image) -> np.ndarray:
    grid = Geometry(image.GetSize(), np.eye(4))
    return np.array([image.TransformContinuousIndexToPhysicalPoint(c.tolist()) for c in grid.corners()]) * LPS


SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".mha")


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".nhdr", ".mhd"])
@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("compressed", [True, False])
def test_positions_and_voxels_of_a_file_by_itk_are_itks(
    tmp_path: Path, name: str, suffix: str, compressed: bool
) -> None:
    path = tmp_path / f"volume{suffix}"
    sitk.WriteImage(as_itk(name), str(path), useCompression=compressed)
    oracle, image = sitk.ReadImage(str(path)), read_image(tmp_path, Source(path=path.name))
    np.testing.assert_allclose(image.geometry.corners(), itk_corners(oracle), atol=1e-4)
    np.testing.assert_array_equal(image.array[0], volume())
    assert image.array.dtype == np.int16
    np.testing.assert_allclose(image.geometry.corners(), geometry(name).corners(), atol=1e-4)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", AFFINES)
def test_itk_finds_what_we_write_where_we_put_it(tmp_path: Path, name: str, suffix: str) -> None:
    image = Image(volume()[None], geometry(name))
    write_image(tmp_path / f"v{suffix}", image)
    oracle = sitk.ReadImage(str(tmp_path / f"v{suffix}"))
    np.testing.assert_allclose(itk_corners(oracle), image.geometry.corners(), atol=1e-4)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(oracle).transpose(), volume())


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_affine_of_a_file_by_nibabel_is_nibabels(tmp_path: Path, name: str, version: type) -> None:
    version(volume(), geometry(name).affine).to_filename(tmp_path / "v.nii.gz")
    oracle = nibabel.load(tmp_path / "v.nii.gz")
    image = read_image(tmp_path, Source(path="v.nii.gz"))
    np.testing.assert_array_equal(image.geometry.affine, oracle.affine)
    np.testing.assert_array_equal(image.array[0], np.asanyarray(oracle.dataobj))


@pytest.mark.parametrize("name", AFFINES)
def test_qform_alone_gives_nibabels_affine(tmp_path: Path, name: str) -> None:
    nifti = nibabel.Nifti1Image(volume(), None)
    nifti.set_qform(geometry(name).affine, 1)
    nifti.set_sform(None, 0)
    nifti.to_filename(tmp_path / "v.nii")
    image = read_image(tmp_path, Source(path="v.nii"))
    np.testing.assert_array_equal(image.geometry.affine, nibabel.load(tmp_path / "v.nii").affine)


@pytest.mark.parametrize("name", AFFINES)
def test_nibabel_finds_what_we_write_where_we_put_it(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / "v.nii.gz", Image(volume()[None], geometry(name)))
    oracle = nibabel.load(tmp_path / "v.nii.gz")
    np.testing.assert_allclose(oracle.affine, geometry(name).affine, rtol=1e-6)
    np.testing.assert_allclose(oracle.get_qform(), oracle.get_sform(), atol=1e-4)
    np.testing.assert_array_equal(np.asanyarray(oracle.dataobj), volume())
    assert oracle.header["qform_code"] == oracle.header["sform_code"] == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_channels_are_itks_components(tmp_path: Path, suffix: str) -> None:
    array = np.random.default_rng(3).normal(size=(3, *SHAPE)).astype(np.float32)
    vector = sitk.GetImageFromArray(array.transpose(3, 2, 1, 0), isVector=True)
    sitk.WriteImage(vector, str(tmp_path / f"v{suffix}"))
    image = read_image(tmp_path, Source(path=f"v{suffix}"))
    np.testing.assert_array_equal(image.array, array)
    assert any("channels" in note for note in image.notes) == (suffix != ".mha")


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_itk_reads_our_channels_as_components(tmp_path: Path, suffix: str) -> None:
    array = np.random.default_rng(3).normal(size=(3, *SHAPE)).astype(np.float32)
    write_image(tmp_path / f"v{suffix}", Image(array, geometry("oblique")))
    oracle = sitk.ReadImage(str(tmp_path / f"v{suffix}"))
    assert oracle.GetNumberOfComponentsPerPixel() == 3
    np.testing.assert_array_equal(sitk.GetArrayFromImage(oracle).transpose(3, 2, 1, 0), array)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
@pytest.mark.parametrize("suffix", [".nii", ".nrrd", ".mha"])
def test_number_types_of_itk_are_kept(tmp_path: Path, suffix: str, dtype: str) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(volume(dtype).transpose()), str(tmp_path / f"v{suffix}"))
    image = read_image(tmp_path, Source(path=f"v{suffix}"))
    assert image.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.array[0], volume(dtype))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_slice_keeps_its_place_in_space(tmp_path: Path, suffix: str) -> None:
    flat = Geometry(SHAPE[:2], geometry("oblique").affine)
    write_image(tmp_path / f"v{suffix}", Image(volume()[None, :, :, 0], flat))
    image = read_image(tmp_path, Source(path=f"v{suffix}"))
    np.testing.assert_allclose(image.geometry.affine, flat.affine, rtol=1e-6)
    assert image.array.shape == (1, *SHAPE[:2])
    oracle = sitk.ReadImage(str(tmp_path / f"v{suffix}"))
    assert oracle.GetSize() == (*SHAPE[:2], 1)
