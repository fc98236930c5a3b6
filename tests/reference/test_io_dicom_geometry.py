"""Places of DICOM images against SimpleITK's series reader."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_factory import OBLIQUE, write_series

from diascope.core.documents.dataset import Source
from diascope.core.image import Image
from diascope.io import dicom


def affine_of(image: sitk.Image) -> np.ndarray:
    """Return ITK's index → RAS+ mm."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) @ np.diag(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def check_equal(ours: Image, theirs: sitk.Image) -> None:
    np.testing.assert_allclose(ours.geometry.affine, affine_of(theirs), atol=1e-4)
    expected = sitk.GetArrayFromImage(theirs).transpose(2, 1, 0)
    np.testing.assert_allclose(ours.array[0], expected, rtol=1e-6, atol=1e-6)


def read_series(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.mark.parametrize("rotation", [np.eye(3), OBLIQUE, OBLIQUE.T, np.diag([-1.0, 1.0, -1.0])])
@pytest.mark.parametrize("slope", [("1", "0"), ("1", "-1024"), ("0.25", "3.5")])
def test_generated_series_lies_where_itk_puts_it(tmp_path: Path, rotation: np.ndarray, slope: tuple[str, str]) -> None:
    pixels = np.random.default_rng(0).integers(-500, 500, (6, 5, 7)).astype(np.int16)
    write_series(tmp_path, pixels, rotation=rotation, RescaleSlope=slope[0], RescaleIntercept=slope[1])
    check_equal(dicom.read(tmp_path, Source(path=".")), read_series(tmp_path))


@pytest.mark.data
@pytest.mark.parametrize("patient", ["STS_002", "STS_008", "STS_025"])
@pytest.mark.parametrize("grid", ["CT", "MR_T1", "PET"])
def test_real_series_lies_where_itk_puts_it(shared_data: Path, patient: str, grid: str) -> None:
    folder = shared_data / "sts_petct" / "dicom" / patient / grid / "image"
    check_equal(dicom.read(folder, Source(path=".")), read_series(folder))


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["pydicom_693_J2KR", "pydicom_MR2_J2KI", "suyashkumar_3", "siim_ct/dicom/ID_0001_AGE_0069_CONTRAST_1_CT"]
)
def test_real_slice_lies_where_itk_puts_it(shared_data: Path, name: str) -> None:
    path = shared_data / (f"{name}.dcm" if "/" in name else f"dicom_samples/{name}.dcm")
    ours, theirs = dicom.read(path, Source(path=path.name)), sitk.ReadImage(str(path))
    np.testing.assert_allclose(ours.geometry.affine[:, [0, 1, 3]], affine_of(theirs)[:, [0, 1, 3]], atol=1e-4)
    np.testing.assert_allclose(ours.array[0], sitk.GetArrayFromImage(theirs)[0].T, rtol=1e-6, atol=2e-4)
