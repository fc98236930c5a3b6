"""The readers on the real data beside the project; the generated twins are in the other tests of these formats."""

import time
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow

from diascope.core.documents.dataset import Source
from diascope.io import read_header, read_image, write_image

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data do not lie beside the project"),
]


@pytest.mark.parametrize(
    ("folder", "most"),
    [("msd_hippocampus", 20), ("siim_ct/images", 20), ("sts_petct/nifti", 20), ("ibsi_phantoms", 20)],
)
def test_every_nifti_is_what_nibabel_reads(folder: str, most: int, tmp_path: Path) -> None:
    files = sorted((DATA / folder).rglob("*.nii.gz"))[:: max(1, len(list((DATA / folder).rglob("*.nii.gz"))) // most)]
    assert files
    for path in files:
        oracle = nibabel.load(path)
        image, header = read_image(DATA, Source(path=str(path))), read_header(DATA, Source(path=str(path)))
        np.testing.assert_array_equal(
            np.moveaxis(image.array, 0, -1).reshape(oracle.shape), np.asanyarray(oracle.dataobj)
        )
        np.testing.assert_array_equal(image.geometry.affine, oracle.affine)
        assert header.dtype == image.array.dtype.name == oracle.get_data_dtype().name
        assert image.notes == header.notes == ()
    write_image(tmp_path / "like.nii.gz", image, files[-1])
    again = nibabel.load(tmp_path / "like.nii.gz")
    assert again.shape == oracle.shape
    for field in ("qform_code", "sform_code", "srow_x", "srow_y", "srow_z", "quatern_b", "qoffset_x", "xyzt_units"):
        np.testing.assert_array_equal(again.header[field], oracle.header[field])


def test_every_row_of_medmnist_in_under_two_seconds() -> None:
    name = "pneumoniamnist/pneumoniamnist.npz"
    with np.load(DATA / name) as archive:
        stack = archive["train_images"]
    start = time.process_time()
    rows = [read_image(DATA, Source(path=name, key="train_images", index=n)).array[0] for n in range(len(stack))]
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(rows, stack)


def test_magnetic_resonance_arrays_are_one_channel() -> None:
    path = next((DATA / "mri_admm_chest").rglob("chest_*.npy"))
    image = read_image(DATA, Source(path=str(path)))
    np.testing.assert_array_equal(image.array[0], np.load(path))


def test_blood_smears_are_what_pillow_reads() -> None:
    for path in sorted((DATA / "bccd" / "JPEGImages").glob("*.jpg"))[::40]:
        image, header = read_image(DATA, Source(path=str(path))), read_header(DATA, Source(path=str(path)))
        assert header.photographic
        with Pillow.open(path) as picture:
            np.testing.assert_array_equal(image.array, np.asarray(picture).transpose(2, 0, 1))
