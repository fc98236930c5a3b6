"""Motion that is known by a formula is found, and an alignment that helps nothing is not kept."""

import numpy as np
import pytest
from made_visits import SMALL, small_pair

from diascope.core.errors import GeometryError, InputError
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.image import Image
from diascope.physics.follow_up import ORGANS, Motion, default_grid
from diascope.transforms import register as module
from diascope.transforms.alignment import bring_back, is_inside
from diascope.transforms.register import correlate, register

pytest.importorskip("SimpleITK", reason="alignment comes with the extra 'registration'")
TURNED = Motion((4, -3, 5), (8, -6, 10))


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare by fewer voxels than a user's images are, as these are coarse: a second each."""
    monkeypatch.setattr(module, "SAMPLES", 12_000)
    monkeypatch.setattr(module, "DEFORMABLE_VOXELS", 8_000)
    monkeypatch.setattr(module, "DEFORMABLE_SAMPLES", 4_000)


def body_points() -> np.ndarray:
    radii = np.array(ORGANS[0][1]) * 0.9
    points = np.random.default_rng(1).uniform(-1, 1, (1000, 3)) * radii
    return points[np.linalg.norm(points / radii, axis=1) < 1]


def error_mm(alignment, motion: Motion) -> float:
    points = body_points()
    return float(np.linalg.norm(alignment.points(points) - motion.forward(points), axis=1).mean())


def test_rigid_motion_is_found_to_a_fifth_of_a_voxel():
    first, second = small_pair(TURNED)
    found = register(first.image, second.image, upto="rigid", left_out=(first.mask.array[0] > 0, None))
    assert found.kind == "rigid"
    assert error_mm(found, TURNED) < 0.2 * 5
    motion = found.motion()
    assert motion.shift_mm == pytest.approx(TURNED.shift_mm, abs=0.8)
    assert motion.turn_degrees == pytest.approx(TURNED.rotation_degrees, abs=0.5)
    assert motion.distance_mm == pytest.approx(np.linalg.norm(TURNED.shift_mm), abs=0.8)


def test_motion_is_found_between_different_grids_and_directions():
    flipped = np.diag([-4.0, 4.0, 8.0, 1.0])
    flipped[:3, 3] = (116, -84, -120)
    first, second = small_pair(TURNED, (SMALL, Geometry((58, 42, 30), flipped)))
    assert error_mm(register(first.image, second.image, upto="rigid"), TURNED) < 0.2 * 5


def test_patients_far_apart_in_the_scanner_are_brought_together():
    far = Motion((0, 0, 3), (300, 0, -400))
    affine = SMALL.affine.copy()
    affine[:3, 3] += (300, 0, -400)
    first, second = small_pair(far, (SMALL, Geometry(SMALL.shape, affine)))
    found = register(first.image, second.image, upto="rigid")
    assert np.isnan(found.correlation["identity"])
    assert error_mm(found, far) < 0.2 * 5


def test_affine_growth_is_found_where_there_is_any():
    first, _ = small_pair(Motion())
    affine = SMALL.affine.copy()
    affine[:3, :] *= 1.08
    found = register(first.image, Image(first.image.array, Geometry(SMALL.shape, affine), "HU", "CT"), upto="affine")
    assert found.kind == "affine"
    assert found.matrix[:3, :3] == pytest.approx(1.08 * np.eye(3), abs=0.03)


def test_deformable_alignment_takes_away_a_breath_and_goes_back():
    breath = Motion((1, 0, 1), (2, 1, 3), breath_mm=12)
    first, second = small_pair(breath)
    found = register(first.image, second.image, left_out=(first.mask.array[0] > 0, second.mask.array[0] > 0))
    rigid = register(first.image, second.image, upto="rigid")
    assert found.kind == "deformable"
    assert error_mm(found, breath) < 0.7 * error_mm(rigid, breath)
    points = body_points()
    assert found.back(found.points(points)) == pytest.approx(points, abs=0.05)


def test_scans_of_one_position_are_left_as_they_lie():
    first, second = small_pair(Motion())
    found = register(first.image, second.image, upto="affine")
    assert found.kind == "identity"
    assert found.notes == ()
    assert found.points(body_points()) == pytest.approx(body_points())


def test_images_without_common_anatomy_are_left_as_they_lie_and_that_is_said():
    rng = np.random.default_rng(0)
    noise = [Image(rng.normal(size=(1, *SMALL.shape)).astype(np.float32), SMALL) for _ in range(2)]
    found = register(*noise, upto="rigid")
    assert found.kind == "identity"
    assert "no common anatomy" in found.notes[-1]


def test_alignment_that_is_worse_is_not_kept_and_that_is_said(monkeypatch: pytest.MonkeyPatch):
    first, second = small_pair(Motion())

    def worse(pair, before):
        matrix = np.eye(4)
        matrix[:3, 3] = 40
        return module.replace(before, kind="rigid", rigid=matrix, matrix=matrix)

    monkeypatch.setitem(module._TRY, "rigid", worse)
    found = register(first.image, second.image, upto="rigid")
    assert found.kind == "identity"
    assert "rigid alignment is worse than the identity one" in found.notes[0]


def test_alignment_that_fails_is_said(monkeypatch: pytest.MonkeyPatch):
    first, second = small_pair(Motion())

    def fails(pair, before):
        raise RuntimeError("sitk::ERROR: All samples map outside moving image buffer.")

    monkeypatch.setitem(module._TRY, "rigid", fails)
    found = register(first.image, second.image, upto="rigid")
    assert found.kind == "identity"
    assert "failed" in found.notes[0]
    assert "outside moving image" in found.notes[0]


def test_images_of_two_modalities_are_aligned_by_mutual_information():
    first, second = small_pair(TURNED)
    inverted = Image((1000 - second.image.array).astype(np.int16), second.image.geometry, modality="MR")
    pair = module._prepare(first.image, inverted, (None, None))
    start = register(first.image, second.image, upto="identity")
    assert error_mm(module._try_rigid(pair, start), TURNED) < 0.5 * 5


def test_folded_field_is_noticed():
    displacement = np.zeros((3, *SMALL.shape))
    assert not module._folds(displacement, SMALL)
    displacement[0, 20] = 12.0
    assert module._folds(displacement, SMALL)


def test_image_is_brought_back_to_where_it_was():
    first, second = small_pair(TURNED)
    back = bring_back(second.image, SMALL, TURNED.forward, labels=False)
    still = register(first.image, first.image, upto="identity")
    assert correlate(first.image, Image(back.array, SMALL), still)[0] > 0.97


def test_volume_without_spacing_is_refused():
    first, _ = small_pair(Motion())
    unknown = Image(first.image.array, geometry_without_spacing(SMALL.shape))
    with pytest.raises(GeometryError, match="second image cannot be aligned"):
        register(first.image, unknown)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    import sys

    first, second = small_pair(Motion())
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(InputError, match="extra 'registration'") as caught:
        register(first.image, second.image, upto="rigid")
    assert "pip install" in caught.value.fix


def test_inside_is_the_voxels_whole_extent():
    grid = default_grid((2, 2, 2), (3, 3, 3))
    assert is_inside(grid, np.array([[2.9, 0, 0], [3.1, 0, 0]])).tolist() == [True, False]
