"""Files find their reader, by suffix and by content, quickly."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.io import find_reader, find_writer, read_header, read_image, read_labels, write_image

VOLUME = Image(np.ones((1, 4, 5, 6), np.uint8), Geometry((4, 5, 6), np.diag([2.0, 2, 3, 1])))


def test_unknown_format_names_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("words")
    with pytest.raises(ReadError, match=r"README\.md") as caught:
        find_reader(tmp_path / "README.md")
    assert ".nii.gz" in str(caught.value.expected)


def test_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "a.png", "a", "a.xyz"):
        with pytest.raises(ReadError, match=f"{name}.*does not exist"):
            read_image(tmp_path, Source(path=name))


def test_empty_folder_has_no_reader(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no reader knows"):
        find_reader(tmp_path)


def test_a_folder_named_like_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nii").mkdir()
    with pytest.raises(ReadError, match=r"a\.nii"):
        read_image(tmp_path, Source(path="a.nii"))


def test_absolute_and_relative_sources_are_the_same(tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", VOLUME)
    relative = read_image(tmp_path, Source(path="a.nii.gz"))
    absolute = read_image(Path("/elsewhere"), Source(path=str(tmp_path / "a.nii.gz")))
    np.testing.assert_array_equal(relative.array, absolute.array)
    assert read_header(tmp_path, Source(path="a.nii.gz")).geometry.is_same_grid(relative.geometry)


def test_labels_without_another_way_are_read_as_images(tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", VOLUME)
    labels = read_labels(tmp_path, Source(path="a.nii.gz"), VOLUME.geometry)
    np.testing.assert_array_equal(labels.array, VOLUME.array)


def test_writers_are_found_by_suffix_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"NRRD0004 something else")
    assert find_writer(tmp_path / "a.png").name == "raster"
    for name in ("a.npz", "a.xyz", "a"):
        with pytest.raises(ReadError) as caught:
            find_writer(tmp_path / name)
        assert ".nii.gz" in str(caught.value.expected)


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(bytes(100000))
    write_image(path, VOLUME)
    assert path.stat().st_size == 352 + 4 * 5 * 6
    assert [p.name for p in tmp_path.iterdir()] == ["a.nii"]


def test_finding_a_reader_costs_microseconds(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", Image(np.ones((1, 4, 5), np.uint8), geometry_without_spacing((4, 5))))
    find_reader(tmp_path / "a.png")
    start = time.process_time()
    for _ in range(1000):
        find_reader(tmp_path / "a.png")
    assert time.process_time() - start < 0.5  # 15 us each on a quiet machine


def test_finding_readers_imports_no_imaging_library() -> None:
    code = (
        "import sys, pathlib, diascope.io as io\n"
        "from diascope.core.families import READERS\n"
        "READERS.all()\n"
        "heavy = {'nibabel', 'nrrd', 'PIL', 'tifffile', 'imagecodecs', 'pydicom', 'SimpleITK', 'torch', 'scipy'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
