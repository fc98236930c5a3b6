"""A file with several channels gives all of them, or is refused by name; none is lost in silence."""

import json

import nibabel as nib
import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import DatasetError, GeometryError, ReadError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.curate import read_dataset
from diascope.io import read_header, read_image, write_image
from diascope.predict.inputs import cases_of
from diascope.transforms.prepare import Recipe, prepare


def save(path, channels: int, seed: int = 0):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (9, 8, 7, channels) if channels > 1 else (9, 8, 7)
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    return path


def msd(root, *, named: int, held: list[int]):
    """Return a Decathlon folder whose ``dataset.json`` names some channels and whose files hold others."""
    for n, channels in enumerate(held):
        save(root / f"imagesTr/a{n}.nii.gz", channels, n)
        mask = np.zeros((9, 8, 7), np.uint8)
        mask[2:5, 2:5, 2:5] = 1
        (root / "labelsTr").mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(mask, np.eye(4)), root / f"labelsTr/a{n}.nii.gz")
    names = {str(n): f"ch{n}" for n in range(named)}
    content = {"channel_names": names, "labels": {"background": 0, "organ": 1}, "file_ending": ".nii.gz"}
    (root / "dataset.json").write_text(json.dumps(content))
    return root


def test_file_without_names_of_channels_gives_all_its_planes(tmp_path):
    data = read_dataset(msd(tmp_path, named=1, held=[4] * 6))
    assert data.components == {"ch0": 4}


def test_file_with_as_many_channels_as_are_named_gives_each(tmp_path):
    data = read_dataset(msd(tmp_path, named=4, held=[4] * 6))
    assert [s.index for s in data.cases[0].images.values()] == [0, 1, 2, 3]


def test_file_with_more_channels_than_are_named_is_refused_by_name(tmp_path):
    data = read_dataset(msd(tmp_path, named=4, held=[4] * 6 + [5]))
    assert list(data.left_out) == ["a6"]
    assert "5 in the file" in data.left_out["a6"]


def test_data_whose_files_all_hold_more_channels_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="none of the 6 cases"):
        read_dataset(msd(tmp_path, named=2, held=[3] * 6))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_one_channel_is_read_alike_from_every_format(tmp_path, suffix):
    array = np.random.default_rng(0).normal(size=(4, 9, 8, 7)).astype(np.float32)
    path = tmp_path / f"a{suffix}"
    write_image(path, Image(array, Geometry((9, 8, 7), np.eye(4))))
    source = Source(path=path.name, index=2)
    assert read_header(tmp_path, source).channels == 1
    np.testing.assert_array_equal(read_image(tmp_path, source).array, array[2:3])
    with pytest.raises(ReadError, match="no channel 4"):
        read_image(tmp_path, Source(path=path.name, index=4))


def test_prediction_refuses_a_file_with_other_channels_than_the_network(tmp_path):
    files = [save(tmp_path / "three.nii.gz", 3), save(tmp_path / "four.nii.gz", 4)]
    cases, refused = cases_of(files, ["a", "b", "c", "d"])
    assert [c.id for c in cases] == ["four"]
    assert "3 in the file" in refused["three.nii.gz"]


def test_one_plane_does_not_stand_for_four_measurements():
    image = Image(np.ones((1, 4, 4, 4), np.float32), Geometry((4, 4, 4), np.eye(4)))
    with pytest.raises(GeometryError, match=r"number of planes \(volumes of a 4-D file\)"):
        prepare({"a": image}, Recipe(("a",), components={"a": 4}))
