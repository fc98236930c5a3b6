"""Surfaces are closed, keep the mask's volume and lie where the mask lies."""

import numpy as np
import pytest

from diascope.core.errors import InputError
from diascope.measures import Surface, build_surface
from diascope.measures._pinched import take_apart
from diascope.measures._slices import interpolate_slices


def ball(radius: float, spacing=(1.0, 1.0, 1.0)) -> np.ndarray:
    axes = [
        (np.arange(n) - (n - 1) / 2) * s
        for n, s in zip((int(2 * radius / s) + 5 for s in spacing), spacing, strict=True)
    ]
    return sum(a**2 for a in np.ix_(*axes)) <= radius**2


def shapes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    hollow = ball(9) & ~np.pad(ball(5), 4)
    tube = np.zeros((20, 20, 40), bool)
    tube[9:11, 9:11, 2:38] = True
    return {
        "ball": ball(9),
        "noise": rng.random((12, 12, 12)) < 0.3,
        "one voxel": np.ones((1, 1, 1), bool),
        "touches every edge": np.ones((6, 7, 8), bool),
        "hollow": hollow,
        "thin tube": tube,
        "two voxels at an edge": np.eye(2, dtype=bool)[:, :, None],
    }


AFFINES = {
    "cubes": np.diag([1.0, 1, 1, 1]),
    "mirrored": np.diag([-0.8, 0.8, 0.9, 1]),
    "flat": np.diag([0.7, 0.7, 3.0, 1]),
    "oblique": np.array([[0.8, 0.3, 0, 5], [-0.3, 0.8, 0, -40], [0, 0, 1.2, 300], [0, 0, 0, 1]]),
}


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("mask", shapes().values(), ids=shapes())
def test_surface_is_closed_faces_outward_and_keeps_the_volume(mask: np.ndarray, affine: np.ndarray):
    surface = build_surface(mask, affine)
    assert surface.is_closed()
    assert surface.mask_ml == pytest.approx(mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000)
    assert surface.volume_ml == pytest.approx(surface.mask_ml, rel=0.003)


@pytest.mark.parametrize("seed", range(8))
def test_noise_has_no_edge_of_four_faces(seed: int):
    mask = np.random.default_rng(seed).random((10, 10, 10)) < 0.4
    assert build_surface(mask, np.eye(4)).is_closed()


def test_trimesh_calls_it_a_volume():
    import trimesh

    surface = build_surface(ball(9), AFFINES["oblique"])
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_volume
    assert mesh.volume / 1000 == pytest.approx(surface.volume_ml)


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
def test_surface_lies_where_the_mask_lies(affine: np.ndarray):
    mask = np.zeros((30, 28, 26), bool)
    mask[8:20, 6:18, 10:20] = True
    surface = build_surface(mask, affine)
    middle = affine @ [*(np.argwhere(mask).mean(axis=0)), 1]
    assert surface.vertices.mean(axis=0) == pytest.approx(middle[:3], abs=0.15)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 4.0)])
def test_ball_is_round(spacing: tuple[float, float, float]):
    mask = ball(20, spacing)
    surface = build_surface(mask, np.diag([*spacing, 1.0]))
    middle = (np.array(mask.shape) - 1) / 2 * spacing
    radius = np.linalg.norm(surface.vertices - middle, axis=1)
    assert radius.mean() == pytest.approx(20, abs=0.3)
    assert radius.std() < 0.35 * max(1.0, spacing[2] / 3)


def test_decimation_reaches_its_target_and_keeps_the_volume():
    surface = build_surface(ball(20), np.eye(4), most_faces=1000)
    assert len(surface.faces) <= 1000
    assert surface.is_closed()
    assert surface.volume_ml == pytest.approx(surface.mask_ml, rel=0.003)


def test_smoothing_moves_nothing_further_than_half_a_voxel():
    mask = shapes()["thin tube"]
    rough, smooth = (build_surface(mask, np.eye(4), smooth=on) for on in (False, True))
    assert (rough.faces == smooth.faces).all()
    assert abs(rough.vertices - smooth.vertices).max() < 0.9  # half a voxel, and the shifts that keep the volume


def test_unevenly_spaced_slices_make_the_object_that_they_cut():
    places = np.array([0.0, 1, 2, 4, 5, 8, 9, 10, 12])
    radius = 8.0
    i, j = np.ogrid[:24, :24]
    discs = [(i - 11.5) ** 2 + (j - 11.5) ** 2 <= radius**2 for _ in places]
    surface = build_surface(np.stack(discs, -1), np.eye(4), positions=places)
    assert surface.is_closed()
    height = surface.vertices[:, 2].max() - surface.vertices[:, 2].min()
    assert height == pytest.approx(12 + 0.5 + 1.0, abs=0.6)


def test_slice_between_two_discs_has_the_radius_between_theirs():
    i, j = np.ogrid[:41, :41]
    square = (i - 20) ** 2 + (j - 20) ** 2
    field, where = interpolate_slices(np.stack([square <= 81, square <= 225]), np.array([0.0, 4.0]), 1.0)
    middle = field[int(np.argmin(abs(where - 2)))] > 0
    assert np.sqrt(middle.sum() / np.pi) == pytest.approx(12, abs=0.4)


def test_empty_mask_has_no_surface():
    with pytest.raises(InputError, match="empty"):
        build_surface(np.zeros((4, 4, 4), bool), np.eye(4))


def two_tetrahedra_on_one_edge() -> tuple[np.ndarray, np.ndarray]:
    vertices = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0.5], [-1, 0, 0], [-1, -1, 0.5]], float)
    outward = []
    for corners in ((0, 1, 2, 3), (0, 1, 4, 5)):
        middle = vertices[list(corners)].mean(axis=0)
        for left_out in range(4):
            face = [c for n, c in enumerate(corners) if n != left_out]
            a, b, c = vertices[face]
            outward.append(face if np.cross(b - a, c - a) @ (a - middle) > 0 else face[::-1])
    return vertices, np.array(outward)


def test_two_sheets_that_touch_along_an_edge_are_taken_apart():
    import trimesh

    vertices, faces = two_tetrahedra_on_one_edge()
    assert not Surface(vertices, faces, 0).is_closed()
    apart, divided = take_apart(vertices, faces)
    assert Surface(apart, divided, 0).is_closed()
    mesh = trimesh.Trimesh(apart.astype(np.float32), divided, process=True)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(trimesh.Trimesh(vertices, faces).volume, rel=0.1)


def test_two_faces_back_to_back_are_left_out():
    vertices, faces = build_surface(ball(4), np.eye(4)).vertices, build_surface(ball(4), np.eye(4)).faces
    flap = np.array([[*faces[0, :2], len(vertices)], [*faces[0, 1::-1], len(vertices)]])
    found = take_apart(np.concatenate([vertices, [[9.0, 9, 9]]]), np.concatenate([faces, flap]))
    assert len(found[1]) == len(faces)
    assert len(found[0]) == len(vertices)
    assert Surface(*found, 0).is_closed()


@pytest.mark.parametrize("most", [300, 1000, 4000])
def test_decimation_of_a_rough_mask_stays_closed(most: int):
    from scipy.ndimage import gaussian_filter

    mask = gaussian_filter(np.random.default_rng(3).normal(size=(48, 48, 48)), 2.5) > 0.02
    surface = build_surface(mask, np.eye(4), most_faces=most)
    assert surface.is_closed()
    assert len(surface.faces) <= most
    assert surface.volume_ml == pytest.approx(surface.mask_ml, rel=0.003)
