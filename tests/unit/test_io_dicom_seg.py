"""DICOM segmentations placed on images: kinds, gaps, overlaps, other grids."""

from pathlib import Path

import numpy as np
import pytest
from dicom_factory import OBLIQUE, new_dataset, save, segmentation, set_pixels, write_series
from pydicom.dataset import FileDataset

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.geometry import Geometry
from diascope.io import dicom, dicom_seg

SPACING, ORIGIN = (0.7, 0.9, 2.5), np.array([-20.0, 30.0, 40.0])
ALL = Source(path="seg.dcm")


def ct(folder: Path, rotation: np.ndarray, slices: int = 5) -> Geometry:
    write_series(folder, np.zeros((slices, 6, 8), np.int16), rotation=rotation)
    return dicom.read_header(folder, Source(path=".")).geometry


def masks() -> np.ndarray:
    """Return two structures ``(2, 5, 6, 8)`` that do not overlap, empty in the first slice."""
    rng = np.random.default_rng(1).integers(0, 3, (5, 6, 8))
    rng[0] = 0
    return np.stack([rng == 1, rng == 2])


def seg(structures: np.ndarray, rotation: np.ndarray, kind: str = "BINARY", scale: float = 1) -> FileDataset:
    """Return a segmentation with one frame for each structure and slice that is not empty, slices backwards."""
    frames, segments, positions = [], [], []
    for k in reversed(range(structures.shape[1])):
        for n, mask in enumerate(structures[:, k]):
            if mask.any():
                frames.append(mask * scale)
                segments.append(n + 1)
                positions.append(ORIGIN + rotation[:, 2] * 2.5 * k)
    return segmentation(
        np.stack(frames), segments, positions, ["tumour", "node"], rotation=rotation, spacing=SPACING, kind=kind
    )


def expected(structures: np.ndarray) -> np.ndarray:
    labels = np.zeros(structures.shape[1:], int)
    for n, mask in enumerate(structures):
        labels[mask] = n + 1
    return labels.transpose(2, 1, 0)


@pytest.mark.parametrize("rotation", [np.eye(3), OBLIQUE])
@pytest.mark.parametrize(("kind", "scale"), [("BINARY", 1), ("FRACTIONAL", 100)])
def test_frames_lie_on_the_image_they_were_drawn_on(
    tmp_path: Path, rotation: np.ndarray, kind: str, scale: float
) -> None:
    geometry = ct(tmp_path / "ct", rotation)
    path = save(seg(masks(), rotation, kind, scale), tmp_path / "seg.dcm")
    image = dicom_seg.read_on(path, ALL, geometry)
    np.testing.assert_array_equal(image.array[0], expected(masks()))
    assert (image.array.dtype, image.notes) == (np.uint8, ())
    assert dicom_seg.structures(path) == ("tumour", "node")


def test_less_than_half_of_the_maximum_is_background(tmp_path: Path) -> None:
    path = save(seg(masks(), np.eye(3), "FRACTIONAL", 99), tmp_path / "seg.dcm")
    assert dicom_seg.read_on(path, ALL, ct(tmp_path / "ct", np.eye(3))).array.max() == 0


def test_label_map_keeps_every_segment(tmp_path: Path) -> None:
    labels = expected(masks()).transpose(2, 1, 0)
    positions = [ORIGIN + np.array([0, 0, 2.5 * k]) for k in range(5)]
    ds = segmentation(labels, [0] * 5, positions, ["tumour", "node"], spacing=SPACING, kind="LABELMAP")
    path = save(ds, tmp_path / "seg.dcm")
    geometry = ct(tmp_path / "ct", np.eye(3))
    np.testing.assert_array_equal(dicom_seg.read_on(path, ALL, geometry).array[0], expected(masks()))
    only = dicom_seg.read_on(path, Source(path="seg.dcm", structures=("node",)), geometry)
    np.testing.assert_array_equal(only.array[0], expected(masks()) == 2)


def test_wanted_structures_get_the_labels_in_their_order(tmp_path: Path) -> None:
    path = save(seg(masks(), np.eye(3)), tmp_path / "seg.dcm")
    source = Source(path="seg.dcm", structures=("node", "tumour"))
    image = dicom_seg.read_on(path, source, ct(tmp_path / "ct", np.eye(3)))
    np.testing.assert_array_equal(image.array[0], np.array([0, 2, 1])[expected(masks())])


def test_empty_name_keeps_the_number_of_a_structure_that_the_file_lacks(tmp_path: Path) -> None:
    path = save(seg(masks()[:1], np.eye(3)), tmp_path / "seg.dcm")
    source = Source(path="seg.dcm", structures=("", "tumour"))
    image = dicom_seg.read_on(path, source, ct(tmp_path / "ct", np.eye(3)))
    assert np.unique(image.array).tolist() == [0, 2]


def test_structure_that_is_not_there_is_refused_and_the_nearest_named(tmp_path: Path) -> None:
    path = save(seg(masks(), np.eye(3)), tmp_path / "seg.dcm")
    with pytest.raises(ReadError) as caught:
        dicom_seg.read_on(path, Source(path="s", structures=("tumor",)), ct(tmp_path / "ct", np.eye(3)))
    assert "did you mean 'tumour'?" in str(caught.value)


def test_later_structure_wins_where_two_overlap_whatever_the_frames_order(tmp_path: Path) -> None:
    both = np.ones((2, 5, 6, 8), bool)
    path = save(seg(both, np.eye(3)), tmp_path / "seg.dcm")
    image = dicom_seg.read_on(path, ALL, ct(tmp_path / "ct", np.eye(3)))
    assert (image.array == 2).all()
    assert "overlap in 240 voxels" in image.notes[0]


def test_own_grid_fills_in_slices_that_are_not_stored(tmp_path: Path) -> None:
    structures = masks()
    structures[:, 2] = False
    path = save(seg(structures, OBLIQUE), tmp_path / "seg.dcm")
    image, header = dicom_seg.read(path, ALL), dicom_seg.read_header(path, ALL)
    np.testing.assert_array_equal(image.array[0], expected(structures)[:, :, 1:])
    assert header.geometry.is_same_grid(image.geometry)
    assert header.dtype == image.array.dtype.name


@pytest.mark.parametrize(
    ("change", "shape"), [(np.diag([2.0, 2.0, 1.0, 1.0]), (4, 3, 5)), (np.diag([1.0, 1.0, 3.0, 1.0]), (8, 6, 2))]
)
def test_image_with_other_voxels_is_refused_with_both_grids(
    tmp_path: Path, change: np.ndarray, shape: tuple[int, ...]
) -> None:
    geometry = ct(tmp_path / "ct", np.eye(3))
    path = save(seg(masks(), np.eye(3)), tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match="another grid"):
        dicom_seg.read_on(path, ALL, Geometry(shape, geometry.affine @ change))


def test_part_of_the_image_gets_its_part_and_the_rest_is_counted(tmp_path: Path) -> None:
    geometry = ct(tmp_path / "ct", np.eye(3))
    shift = np.eye(4)
    shift[:3, 3] = (2, 1, 1)
    path = save(seg(masks(), np.eye(3)), tmp_path / "seg.dcm")
    image = dicom_seg.read_on(path, ALL, Geometry((6, 5, 4), geometry.affine @ shift))
    np.testing.assert_array_equal(image.array[0], expected(masks())[2:, 1:, 1:])
    assert "outside the image" in image.notes[0]


def test_reordered_axes_of_the_image_are_followed(tmp_path: Path) -> None:
    geometry = ct(tmp_path / "ct", np.eye(3))
    path = save(seg(masks(), np.eye(3)), tmp_path / "seg.dcm")
    flipped = geometry.affine @ np.array([[0, 0, -1, 7], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    image = dicom_seg.read_on(path, ALL, Geometry((6, 5, 8), flipped))
    np.testing.assert_array_equal(image.array[0], expected(masks())[::-1].transpose(1, 2, 0))


def test_segmentation_of_a_radiograph_has_the_pictures_rows_and_columns(tmp_path: Path) -> None:
    ds = segmentation(np.eye(6)[None], [1], [(0, 0, 0)], ["nodule"])
    del ds.SharedFunctionalGroupsSequence
    del ds.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    path = save(ds, tmp_path / "seg.dcm")
    picture = new_dataset("CR")
    set_pixels(picture, np.zeros((6, 6), np.uint8))
    geometry = dicom.read_header(save(picture, tmp_path / "cr.dcm"), Source(path=".")).geometry
    np.testing.assert_array_equal(dicom_seg.read_on(path, ALL, geometry).array[0], np.eye(6))
    np.testing.assert_array_equal(dicom_seg.read(path, ALL).array[0], np.eye(6))
    with pytest.raises(GeometryError, match="another grid"):
        dicom_seg.read_on(path, ALL, Geometry((6, 7), np.eye(4)))
