"""Every reader keeps the contract of ``diascope.core.ports.reader``; a new one needs a sample here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from diascope import io
from diascope.core.documents.dataset import Source
from diascope.core.errors import DiascopeError, InputError, ReadError
from diascope.core.families import READERS
from diascope.core.geometry import Geometry
from diascope.core.image import Image

GRID = Geometry((6, 5, 4), np.array([[0, 0.7, 0, 3], [-0.9, 0, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1.0]]))
ARRAY = np.random.default_rng(0).integers(0, 9, (1, 6, 5, 4)).astype(np.int16)


def written(name: str) -> Callable[[Path], Source]:
    """Return what writes the sample with the format's own writer."""

    def make(root: Path) -> Source:
        io.write_image(root / name, Image(ARRAY, GRID))
        return Source(path=name)

    return make


def picture(root: Path) -> Source:
    colours = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    Pillow.fromarray(colours).save(root / "a.png")
    return Source(path="a.png")


def archive(root: Path) -> Source:
    np.savez(root / "a.npz", images=ARRAY[0])
    return Source(path="a.npz", key="images", index=2)


def film(root: Path) -> Source:
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 30)).astype(np.uint8)
    first, *rest = [Pillow.fromarray(f) for f in frames]
    first.save(root / "a.gif", save_all=True, append_images=rest, duration=40)
    return Source(path="a.gif")


SAMPLES: dict[str, Callable[[Path], Source]] = {
    "gif": film,
    "metaimage": written("a.mha"),
    "nifti": written("a.nii.gz"),
    "npy": written("a.npy"),
    "npz": archive,
    "nrrd": written("a.nrrd"),
    "raster": picture,
}
TESTED_BY_THEMSELVES = {"dicom", "dicom_seg", "dicom_rtstruct"}
"""Their samples are several files, made in the tests that have DICOM in their name."""

NAMES = READERS.names()
SAMPLED = sorted(SAMPLES)


def test_every_reader_has_a_sample() -> None:
    assert set(NAMES) - TESTED_BY_THEMSELVES == set(SAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_the_files_and_suffixes_are_lower_case(name: str) -> None:
    reader = READERS.load(name)
    assert reader.name == name
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in reader.suffixes)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_not_readable_and_named(tmp_path: Path, name: str) -> None:
    reader = READERS.load(name)
    path = tmp_path / f"größe 1{(*reader.suffixes, '.x')[0]}"
    assert not reader.is_readable(path)
    for read in (reader.read, reader.read_header):
        with pytest.raises(ReadError) as caught:
            read(path, Source(path=path.name))
        check_message(caught.value, path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"\0", b"no image at all", bytes(4096), bytes(range(256)) * 8])
def test_what_is_no_image_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    reader = READERS.load(name)
    path = tmp_path / f"größe 1{(*reader.suffixes, '.x')[0]}"
    path.write_bytes(content)
    assert not reader.is_readable(path)
    for read in (reader.read, reader.read_header):
        with pytest.raises(ReadError) as caught:
            read(path, Source(path=path.name))
        check_message(caught.value, path)


def check_message(error: DiascopeError, path: Path) -> None:
    """Check that an error names the file but not the folders, which may be named after patients."""
    assert path.name in error.describe()
    assert str(path.parent) not in error.describe()


@pytest.mark.parametrize("name", SAMPLED)
def test_header_agrees_with_image(tmp_path: Path, name: str) -> None:
    source = SAMPLES[name](tmp_path)
    reader = READERS.load(name)
    image, header = reader.read(tmp_path / source.path, source), reader.read_header(tmp_path / source.path, source)
    np.testing.assert_array_equal(header.geometry.affine, image.geometry.affine)
    assert header.geometry.shape == image.geometry.shape
    assert header.geometry.has_spacing == image.geometry.has_spacing
    assert header.channels == image.channels
    assert header.dtype == image.array.dtype.name
    assert (header.unit, header.modality, header.notes) == (image.unit, image.modality, image.notes)
    assert image.array.flags.writeable
    assert image.array.dtype.isnative


@pytest.mark.parametrize("name", SAMPLED)
def test_the_reader_is_found_by_suffix_and_by_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / SAMPLES[name](tmp_path).path
    assert io.find_reader(path).name == name
    capital = path.rename(tmp_path / path.name.upper())
    assert io.find_reader(capital).name == name
    bare = capital.rename(tmp_path / "without suffix")
    assert io.find_reader(bare).name == name


@pytest.mark.parametrize("name", SAMPLED)
def test_only_its_own_reader_takes_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / SAMPLES[name](tmp_path).path
    assert [other for other in NAMES if READERS.load(other).is_readable(path)] == [name]


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("keep", [0.05, 0.3, 0.6, 0.9])
def test_a_cut_file_is_refused_by_name(tmp_path: Path, name: str, keep: float) -> None:
    source = SAMPLES[name](tmp_path)
    path = tmp_path / source.path
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(ReadError) as caught:
        READERS.load(name).read(path, source)
    check_message(caught.value, path)


@pytest.mark.parametrize("name", SAMPLED)
def test_writing_where_one_may_not_leaves_nothing(tmp_path: Path, name: str) -> None:
    reader = READERS.load(name)
    if reader.write is None:
        with pytest.raises(InputError):
            io.write_image(tmp_path / f"a{reader.suffixes[0]}", Image(ARRAY, GRID))
        return
    folder = tmp_path / "not there"
    flat = Image(ARRAY[..., 0].astype(np.uint8), Geometry((6, 5), GRID.affine))
    with pytest.raises(OSError, match="not there"):
        reader.write(folder / f"a{reader.suffixes[0]}", flat, None)
    assert not folder.exists()
