"""Contours made into voxels: centres, holes, keyholes, slices, planes."""

from pathlib import Path

import numpy as np
import pytest
from dicom_factory import OBLIQUE, save, structure_set, write_series

from diascope.core.documents.dataset import Source
from diascope.core.errors import GeometryError, ReadError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.io import dicom, dicom_rtstruct
from diascope.io._rtstruct_polygons import fill_even_odd

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
SOURCE = Source(path="rs.dcm")
SQUARE = np.array([[1.5, 0.5], [5.5, 0.5], [5.5, 3.5], [1.5, 3.5]])


def grid(rotation: np.ndarray = OBLIQUE, shape: tuple[int, ...] = (8, 6, 5)) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = rotation @ np.diag([0.7, 0.9, 2.5]), (-20, 30, 40)
    return Geometry(shape, FLIP @ affine)


def on_slice(points: np.ndarray, k: float, geometry: Geometry) -> np.ndarray:
    """Return points (i, j) of one slice as LPS mm."""
    index = np.column_stack([points, np.full(len(points), k), np.ones(len(points))])
    return (FLIP @ geometry.affine @ index.T).T[:, :3]


def read(tmp_path: Path, rois: dict[str, list[np.ndarray]], geometry: Geometry, source: Source = SOURCE) -> tuple:
    path = save(structure_set(rois), tmp_path / "rs.dcm")
    image = dicom_rtstruct.read_on(path, source, geometry)
    return image.array[0], image.notes


@pytest.mark.parametrize("rotation", [np.eye(3), OBLIQUE])
def test_voxels_whose_centre_lies_inside_belong_to_the_structure(tmp_path: Path, rotation: np.ndarray) -> None:
    geometry = grid(rotation)
    labels, notes = read(tmp_path, {"tumour": [on_slice(SQUARE, k, geometry) for k in (1, 2)]}, geometry)
    expected = np.zeros((8, 6, 5), int)
    expected[2:6, 1:4, 1:3] = 1
    np.testing.assert_array_equal(labels, expected)
    assert notes == ()
    assert dicom_rtstruct.structures(tmp_path / "rs.dcm") == ("tumour",)


def test_contour_inside_another_is_a_hole(tmp_path: Path) -> None:
    hole = np.array([[2.5, 1.5], [4.5, 1.5], [4.5, 2.5], [2.5, 2.5]])
    labels, _ = read(tmp_path, {"ring": [on_slice(p, 2, grid()) for p in (SQUARE, hole)]}, grid())
    assert labels.sum() == 12 - 2
    assert labels[3, 2, 2] == labels[4, 2, 2] == 0


def test_keyhole_has_a_hole_and_no_seam(tmp_path: Path) -> None:
    outer = [(0.3, 0.3), (7.2, 0.3), (7.2, 5.2), (0.3, 5.2), (0.3, 0.3)]
    inner = [(2.4, 1.6), (2.4, 3.4), (4.6, 3.4), (4.6, 1.6), (2.4, 1.6)]
    labels, _ = read(tmp_path, {"keyhole": [on_slice(np.array(outer + inner), 2, grid())]}, grid())
    expected = np.zeros((8, 6), int)
    expected[1:8, 1:6] = 1
    expected[3:5, 2:4] = 0
    np.testing.assert_array_equal(labels[:, :, 2], expected)


def test_contours_that_share_an_edge_share_no_voxel() -> None:
    left = np.array([[0, 0], [3, 0], [3, 4], [0, 4]], float)
    right = left + np.array([3, 0])
    a, b = fill_even_odd([left], (8, 6)), fill_even_odd([right], (8, 6))
    assert not (a & b).any()
    assert a.sum() == b.sum() == 12


def test_filling_agrees_with_matplotlib_on_random_stars() -> None:
    from matplotlib.path import Path as Outline

    rng = np.random.default_rng(0)
    points = np.stack(np.meshgrid(np.arange(40), np.arange(30), indexing="ij"), -1).reshape(-1, 2)
    for _ in range(20):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 30))
        star = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(3, 18, (30, 1)) + (19.3, 14.6)
        theirs = Outline(star).contains_points(points).reshape(40, 30)
        np.testing.assert_array_equal(fill_even_odd([star], (40, 30)), theirs)


def test_two_structures_get_two_labels_and_the_later_one_wins(tmp_path: Path) -> None:
    rois = {"tumour": [on_slice(SQUARE, 2, grid())], "node": [on_slice(SQUARE + 1, 2, grid())]}
    labels, notes = read(tmp_path, rois, grid())
    assert (labels == 2).sum() == 12
    assert "overlap in 6 voxels" in notes[0]
    only, _ = read(tmp_path, rois, grid(), Source(path="rs.dcm", structures=("node",)))
    np.testing.assert_array_equal(only, labels == 2)


def test_empty_name_keeps_the_number_of_a_structure_that_the_file_lacks(tmp_path: Path) -> None:
    rois = {"tumour": [on_slice(SQUARE, 2, grid())]}
    labels, _ = read(tmp_path, rois, grid(), Source(path="rs.dcm", structures=("", "tumour")))
    assert np.unique(labels).tolist() == [0, 2]


def test_contour_goes_to_the_nearest_slice_within_half_a_step(tmp_path: Path) -> None:
    labels, notes = read(tmp_path, {"a": [on_slice(SQUARE, k, grid()) for k in (1.4, 4.6)]}, grid())
    assert np.flatnonzero(labels.any(axis=(0, 1))).tolist() == [1]
    assert "1 of 2 contours lie outside" in notes[0]


def test_contours_closer_than_the_slices_do_not_cancel_each_other(tmp_path: Path) -> None:
    big = SQUARE * 1.2
    labels, notes = read(tmp_path, {"a": [on_slice(SQUARE, 2.1, grid()), on_slice(big, 1.8, grid())]}, grid())
    assert labels.sum() == 12
    assert "nearer contour" in notes[0]


def test_contours_on_every_other_slice_leave_gaps_and_a_note(tmp_path: Path) -> None:
    labels, notes = read(tmp_path, {"a": [on_slice(SQUARE, k, grid()) for k in (0, 2, 4)]}, grid())
    assert np.flatnonzero(labels.any(axis=(0, 1))).tolist() == [0, 2, 4]
    assert "only on one slice in 2" in notes[0]


def test_contours_in_another_plane_of_the_grid_are_drawn_there(tmp_path: Path) -> None:
    geometry = grid()
    index = np.array([[3, 0.5, 0.5, 1], [3, 4.5, 0.5, 1], [3, 4.5, 3.5, 1], [3, 0.5, 3.5, 1]])
    labels, _ = read(tmp_path, {"sagittal": [(FLIP @ geometry.affine @ index.T).T[:, :3]]}, geometry)
    expected = np.zeros((8, 6, 5), int)
    expected[3, 1:5, 1:4] = 1
    np.testing.assert_array_equal(labels, expected)


def test_contours_oblique_to_the_grid_are_refused(tmp_path: Path) -> None:
    path = save(structure_set({"a": [on_slice(SQUARE, 2, grid(np.eye(3)))]}), tmp_path / "rs.dcm")
    with pytest.raises(GeometryError, match="oblique to the image's slices"):
        dicom_rtstruct.read_on(path, SOURCE, grid(OBLIQUE))


def test_points_and_open_contours_enclose_nothing(tmp_path: Path) -> None:
    path = save(structure_set({"marker": [on_slice(SQUARE, 2, grid())]}, kind="POINT"), tmp_path / "rs.dcm")
    assert dicom_rtstruct.structures(path) == ()
    with pytest.raises(ReadError, match="no closed contour"):
        dicom_rtstruct.read_on(path, SOURCE, grid())


def test_single_slice_gets_its_contours(tmp_path: Path) -> None:
    folder = tmp_path / "ct"
    path = write_series(folder, np.zeros((1, 6, 8), np.int16), rotation=OBLIQUE)[0]
    geometry = dicom.read_header(path, Source(path=path.name)).geometry
    labels, _ = read(tmp_path, {"a": [on_slice(SQUARE, 0, geometry)]}, geometry)
    assert labels.shape == (8, 6)
    assert labels.sum() == 12


def test_grid_without_millimetres_is_refused(tmp_path: Path) -> None:
    path = save(structure_set({"a": [on_slice(SQUARE, 2, grid())]}), tmp_path / "rs.dcm")
    with pytest.raises(GeometryError, match="without millimetres"):
        dicom_rtstruct.read_on(path, SOURCE, geometry_without_spacing((8, 6, 5)))


def test_contours_alone_are_no_image(tmp_path: Path) -> None:
    path = save(structure_set({"a": [on_slice(SQUARE, 2, grid())]}), tmp_path / "rs.dcm")
    for function in (dicom_rtstruct.read, dicom_rtstruct.read_header):
        with pytest.raises(ReadError, match="no grid of their own"):
            function(path, SOURCE)


@pytest.mark.data
@pytest.mark.parametrize("patient", ["STS_002", "STS_008", "STS_025"])
@pytest.mark.parametrize("name", ["CT", "PET", "MR_T1"])
def test_real_contours_give_the_published_mask_voxel_for_voxel(shared_data: Path, patient: str, name: str) -> None:
    import nibabel as nib

    folder = shared_data / "sts_petct" / "dicom" / patient / name
    geometry = dicom.read_header(folder / "image", Source(path=".")).geometry
    image = dicom_rtstruct.read_on(folder / "mask" / "RS.dcm", SOURCE, geometry)
    mask = nib.Nifti1Image.load(shared_data / "sts_petct" / "nifti" / patient / f"{name}_mask.nii.gz")
    np.testing.assert_array_equal(image.array[0] > 0, np.asarray(mask.dataobj) > 0)
    (series,) = [s for s in dicom.group_series(folder / "mask") if s.kind == "rtstruct"]
    (ct,) = dicom.group_series(folder / "image")
    assert series.references == (ct.uid,)
