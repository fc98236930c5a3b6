"""DICOM series: order, geometry, gaps, copies, tilt, and what a folder holds."""

from pathlib import Path

import numpy as np
import pytest
from dicom_factory import (
    CANARIES,
    OBLIQUE,
    functional_groups,
    new_dataset,
    place,
    save,
    segmentation,
    set_pixels,
    structure_set,
    write_series,
)

from diascope.core.documents.dataset import Source
from diascope.core.errors import ReadError
from diascope.io import dicom, find_reader

FOLDER = Source(path="series")


def volume(slices: int = 6, rows: int = 5, columns: int = 7) -> np.ndarray:
    return np.arange(slices * rows * columns, dtype=np.int16).reshape(slices, rows, columns)


def check_anonymous(text: str) -> None:
    for canary in CANARIES:
        assert canary not in text


def refused(path: Path, source: Source = FOLDER) -> str:
    with pytest.raises(ReadError) as caught:
        dicom.read(path, source)
    check_anonymous(caught.value.describe())
    with pytest.raises(ReadError):
        dicom.read_header(path, source)
    return caught.value.describe()


@pytest.mark.parametrize("rotation", [np.eye(3), OBLIQUE])
def test_slices_are_sorted_along_the_normal_and_not_by_name(tmp_path: Path, rotation: np.ndarray) -> None:
    pixels = volume()
    write_series(tmp_path, pixels, rotation=rotation)
    image = dicom.read(tmp_path, FOLDER)
    np.testing.assert_array_equal(image.array[0], pixels.transpose(2, 1, 0))
    lps = rotation @ np.diag([0.7, 0.9, 2.5])
    np.testing.assert_allclose(image.geometry.affine[:3, :3], np.diag([-1, -1, 1]) @ lps, atol=1e-8)
    np.testing.assert_allclose(image.geometry.affine[:3, 3], [20, -30, 40])
    assert (image.unit, image.modality, image.notes) == ("HU", "CT", ())


def test_header_says_the_same_as_the_image(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), RescaleSlope="1", RescaleIntercept="-1024")
    image, header = dicom.read(tmp_path, FOLDER), dicom.read_header(tmp_path, FOLDER)
    assert header.geometry.is_same_grid(image.geometry)
    assert (header.channels, header.dtype, header.unit) == (1, image.array.dtype.name, image.unit)
    assert image.array.min() == -1024


def test_missing_slice_is_refused_and_its_place_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, volume())
    paths[2].unlink()
    message = refused(tmp_path)
    assert "1 slice(s) missing" in message
    assert paths[1].name in message
    assert paths[3].name in message
    assert "a step of 5 mm after slice 2 of 5" in message


def test_uneven_slices_are_refused(tmp_path: Path) -> None:
    where = [0, 2.5, 5, 7.5, 12.5, 17.5, 22.5, 27.5]
    write_series(tmp_path, volume(8), ImagePositionPatient=lambda k: [0, 0, where[k]])
    assert "not evenly spaced" in refused(tmp_path)


def test_positions_rounded_to_a_tenth_are_taken_as_regular_with_a_note(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), ImagePositionPatient=lambda k: [0, 0, round(k * 0.625, 1)])
    image = dicom.read(tmp_path, FOLDER)
    assert any("taken as regular" in note for note in image.notes)


def test_copy_of_a_file_is_left_out_with_a_note(tmp_path: Path) -> None:
    paths = write_series(tmp_path, volume())
    (tmp_path / "copy.dcm").write_bytes(paths[0].read_bytes())
    image = dicom.read(tmp_path, FOLDER)
    assert image.geometry.shape == (7, 5, 6)
    assert "same instance" in image.notes[0]


def test_slice_stored_again_as_a_new_instance_is_left_out_with_a_note(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), series="1.2.3")
    write_series(tmp_path / "again", volume()[:1], series="1.2.3")[0].rename(tmp_path / "again.dcm")
    image = dicom.read(tmp_path, FOLDER)
    assert image.geometry.shape == (7, 5, 6)
    assert "repeats position and pixels" in image.notes[0]


def test_two_different_slices_at_one_position_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), series="1.2.3")
    write_series(tmp_path / "again", volume()[3:4], series="1.2.3")[0].rename(tmp_path / "again.dcm")
    assert "two different pictures lie at the same position" in refused(tmp_path)


def test_tilted_gantry_gives_a_sheared_grid_and_a_note(tmp_path: Path) -> None:
    pixels = volume()
    write_series(tmp_path, pixels, shear=(0.0, 0.5, 0.0))
    image = dicom.read(tmp_path, FOLDER)
    np.testing.assert_array_equal(image.array[0], pixels.transpose(2, 1, 0))
    np.testing.assert_allclose(image.geometry.affine[:3, 2], [0, -0.5, 2.5])
    assert "tilted by 11.3 degrees" in image.notes[0]


def test_two_series_in_a_folder_are_refused_by_the_reader_and_split_by_grouping(tmp_path: Path) -> None:
    write_series(tmp_path / "a", volume())
    write_series(tmp_path / "b", volume(4), kind="MR")
    for path in [*(tmp_path / "a").iterdir(), *(tmp_path / "b").iterdir()]:
        path.rename(tmp_path / f"{path.parent.name}{path.name}")
    assert "2 DICOM series" in refused(tmp_path)
    found = dicom.group_series(tmp_path)
    assert sorted((s.modality, len(s.files)) for s in found) == [("CT", 6), ("MR", 4)]
    for series in found:
        names = tuple(p.name for p in series.files)
        assert dicom.read(tmp_path, Source(path=".", files=names)).geometry.shape[2] == len(names)


def test_grouping_sorts_by_position_and_shows_no_identity(tmp_path: Path) -> None:
    paths = write_series(tmp_path, volume(), SeriesDescription="for Canary^Name")
    (series,) = dicom.group_series(tmp_path)
    assert series.files == tuple(p.absolute() for p in paths)
    assert (series.patient, series.study_date) == (CANARIES[1], CANARIES[2])
    check_anonymous(repr(series))


def test_echoes_at_the_same_positions_become_volumes(tmp_path: Path) -> None:
    for echo in (10, 20):
        folder = tmp_path / str(echo)
        write_series(folder, volume() + np.int16(echo), kind="MR", series="1.2.3", study="1.2", EchoTime=echo)
    found = dicom.group_series(tmp_path)
    assert [s.frames for s in found] == [6, 6]
    for series, echo in zip(found, (10, 20), strict=True):
        names = tuple(str(p.relative_to(tmp_path)) for p in series.files)
        assert dicom.read(tmp_path, Source(path=".", files=names)).array[0, 0, 0, 0] == echo
    assert "2 images" in found[0].notes[0]


def test_localiser_planes_become_images_of_their_own(tmp_path: Path) -> None:
    write_series(tmp_path / "axial", volume(3), series="1.2.3", kind="MR")
    write_series(tmp_path / "oblique", volume(4), series="1.2.3", kind="MR", rotation=OBLIQUE)
    assert sorted(len(s.files) for s in dicom.group_series(tmp_path)) == [3, 4]
    for path in tmp_path.rglob("*.dcm"):
        path.rename(tmp_path / f"{path.parent.name}{path.name}")
    assert "another direction" in refused(tmp_path)


def test_segmentation_and_contours_name_their_series(tmp_path: Path) -> None:
    write_series(tmp_path / "ct", volume(), series="1.2.3")
    ds = structure_set({"tumour": [np.eye(3)]}, references="1.2.3")
    save(ds, tmp_path / "rs.dcm")
    seg = segmentation(np.ones((1, 5, 7)), [1], [(0, 0, 0)], ["tumour"])
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    entry = Dataset()
    entry.SeriesInstanceUID = "1.2.3"
    seg.ReferencedSeriesSequence = Sequence([entry])
    save(seg, tmp_path / "seg.dcm")
    found = {s.kind: s for s in dicom.group_series(tmp_path)}
    assert found["seg"].references == found["rtstruct"].references == ("1.2.3",)
    assert find_reader(tmp_path / "seg.dcm").name == "dicom_seg"
    assert find_reader(tmp_path / "rs.dcm").name == "dicom_rtstruct"
    assert find_reader(tmp_path / "ct").name == "dicom"


def test_broken_file_is_handed_to_the_caller_and_the_rest_grouped(tmp_path: Path) -> None:
    paths = write_series(tmp_path, volume())
    paths[0].write_bytes(paths[0].read_bytes()[:140])
    (tmp_path / "notes.txt").write_text("no DICOM")
    with pytest.raises(ReadError):
        dicom.group_series(tmp_path)
    refusals: list[str] = []
    found = dicom.group_series(tmp_path, on_error=lambda path, error: refusals.append(path.name))
    assert refusals == [paths[0].name]
    assert len(found[0].files) == 5


def test_single_slice_is_two_dimensional_with_its_place(tmp_path: Path) -> None:
    path = write_series(tmp_path, volume(1), rotation=OBLIQUE)[0]
    image = dicom.read(path, Source(path=path.name))
    assert image.geometry.shape == (7, 5)
    assert image.geometry.spacing_mm == pytest.approx((0.7, 0.9))
    np.testing.assert_allclose(image.geometry.affine[:3, 2], np.diag([-1, -1, 1]) @ OBLIQUE[:, 2] * 2.5, atol=1e-8)


def test_enhanced_frames_are_sorted_and_scaled_each_by_its_own_slope(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    pixels = volume(3)
    ds = new_dataset("MR")
    set_pixels(ds, pixels)
    positions = [OBLIQUE[:, 2] * 2.5 * k for k in (2, 0, 1)]
    functional_groups(ds, positions, OBLIQUE, (0.7, 0.9, 2.5))
    for k, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        scale = Dataset()
        scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = str(k + 0.5), "1", "US"
        group.PixelValueTransformationSequence = Sequence([scale])
    path = save(ds, tmp_path / "enhanced.dcm")
    image = dicom.read(path, Source(path=path.name))
    expected = np.stack([pixels[n] * (n + 0.5) + 1 for n in (1, 2, 0)])
    np.testing.assert_allclose(image.array[0], expected.transpose(2, 1, 0))
    np.testing.assert_allclose(image.geometry.affine[:3, 2], np.diag([-1, -1, 1]) @ OBLIQUE[:, 2] * 2.5, atol=1e-8)


def test_volumes_of_one_enhanced_file_are_chosen_by_index(tmp_path: Path) -> None:
    pixels = volume(6)
    ds = new_dataset("MR")
    set_pixels(ds, pixels)
    functional_groups(ds, [(0, 0, 2.0 * (k // 2)) for k in range(6)], np.eye(3), (1, 1, 2))
    path = save(ds, tmp_path / "times.dcm")
    refused(path, Source(path=path.name))
    found = dicom.group_series(path)
    assert [s.index for s in found] == [0, 1]
    for n in (0, 1):
        image = dicom.read(path, Source(path=path.name, index=n))
        np.testing.assert_array_equal(image.array[0], pixels[n::2].transpose(2, 1, 0))
    assert "no volume 7" in refused(path, Source(path=path.name, index=7))


def test_ultrasound_film_is_an_image_over_time(tmp_path: Path) -> None:
    ds = new_dataset("US")
    set_pixels(ds, volume(4))
    ds.FrameTime = 40
    path = save(ds, tmp_path / "film.dcm")
    image = dicom.read(path, Source(path=path.name))
    np.testing.assert_array_equal(image.frames[0], volume(4))
    assert image.clip is not None
    assert image.clip.times_s == pytest.approx((0, 0.04, 0.08, 0.12))
    assert dicom.read_header(path, Source(path=path.name)).clip == image.clip
    frame = dicom.read(path, Source(path=path.name, index=2))
    np.testing.assert_array_equal(frame.array[0], volume(4)[2])
    assert frame.clip is None


def test_frame_time_vector_gives_uneven_times(tmp_path: Path) -> None:
    ds = new_dataset("US")
    set_pixels(ds, volume(4))
    ds.FrameTimeVector = [0, 20, 30, 50]
    path = save(ds, tmp_path / "film.dcm")
    clip = dicom.read_header(path, Source(path=path.name)).clip
    assert clip is not None
    assert clip.times_s == pytest.approx((0, 0.02, 0.05, 0.1))


def test_colour_film_keeps_its_colours_apart(tmp_path: Path) -> None:
    ds = new_dataset("US")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3)).astype(np.uint8)
    set_pixels(ds, pixels, photometric="RGB")
    path = save(ds, tmp_path / "film.dcm")
    image = dicom.read(path, Source(path=path.name))
    np.testing.assert_array_equal(image.frames, pixels.transpose(3, 0, 1, 2))
    assert (image.channels, dicom.read_header(path, Source(path=path.name)).planes) == (9, 3)


def test_nuclear_frames_without_a_place_are_no_film(tmp_path: Path) -> None:
    ds = new_dataset("NM")
    set_pixels(ds, volume(4))
    path = save(ds, tmp_path / "views.dcm")
    image = dicom.read(path, Source(path=path.name))
    np.testing.assert_array_equal(image.array[0], volume(4).transpose(1, 2, 0))
    assert image.clip is None
    assert image.geometry.spacing_mm is None


def test_tomographic_nuclear_image_has_the_detectors_place(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    ds, detector = new_dataset("NM"), Dataset()
    set_pixels(ds, volume(3))
    place(detector, (1, 2, 3), np.eye(3), (4, 4, 4))
    ds.PixelSpacing, ds.SpacingBetweenSlices = [4, 4], -4
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.DetectorInformationSequence = Sequence([detector])
    path = save(ds, tmp_path / "nm.dcm")
    image = dicom.read(path, Source(path=path.name))
    np.testing.assert_array_equal(image.array[0], volume(3)[::-1].transpose(2, 1, 0))
    np.testing.assert_allclose(image.geometry.affine[:3, 3], [-1, -2, 3 - 8])


def test_pictures_without_a_place_are_no_volume(tmp_path: Path) -> None:
    for n in range(2):
        ds = new_dataset("CR", series="1.2.3")
        set_pixels(ds, volume(1)[0])
        save(ds, tmp_path / f"{n}.dcm")
    assert "are no volume" in refused(tmp_path)
    assert [len(s.files) for s in dicom.group_series(tmp_path)] == [1, 1]


def test_slices_of_another_size_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, volume(), series="1.2.3")
    write_series(tmp_path / "b", volume(1, 9, 9), series="1.2.3")[0].rename(tmp_path / "b.dcm")
    assert "another size" in refused(tmp_path)
