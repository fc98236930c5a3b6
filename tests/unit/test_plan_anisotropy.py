"""Rotations are true in millimetres, and the reasons say what is done to unlike spacings."""

import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

import torch
from made_plans import dataset, fingerprint, plan, small_pictures

from diascope.core.documents.fingerprint import Spread
from diascope.core.families import RANDOM_TRANSFORMS
from diascope.transforms.augmentation import Augmentation

VOLUMES = dataset("class", classes=("ill", "well"))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 0.72)])
def test_alike_edges_leave_the_augmentation_as_it_was(spacing):
    made = plan(fingerprint(spacing=spacing))
    assert made["augment.spacing"] is None
    assert made["augment.rotate_deg"] == [15.0, 15.0, 15.0]


def test_unlike_edges_are_told_to_the_augmentation():
    made = plan(fingerprint((200, 200, 80), (0.8, 0.8, 2.0)))
    assert made["augment.spacing"] == [0.8, 0.8, 2.0]
    assert made["augment.rotate_deg"] == [15.0, 15.0, 15.0]


def test_thick_slices_are_turned_in_their_plane_only():
    made = plan(fingerprint((256, 256, 20), (0.5, 0.5, 5.0)))
    assert made["augment.spacing"] == [0.5, 0.5, 5.0]
    assert made["augment.rotate_deg"] == [0.0, 0.0, 15.0]
    first = plan(fingerprint((20, 256, 256), (5.0, 0.5, 0.5)))
    assert first["augment.rotate_deg"] == [15.0, 0.0, 0.0]


def test_spacing_that_the_user_sets_decides():
    made = plan(fingerprint((256, 256, 20), (0.5, 0.5, 5.0)), overrides={"preprocess.spacing_mm": "[1, 1, 1]"})
    assert made["augment.spacing"] is None
    assert made["augment.rotate_deg"] == [15.0, 15.0, 15.0]


def test_whole_images_count_with_the_edges_that_their_fixed_size_gives():
    thick = fingerprint((256, 256, 32), (0.5, 0.5, 5.0), kind="class")
    edges = plan(thick, VOLUMES)["augment.spacing"]
    assert edges[2] == pytest.approx(10 * edges[0], rel=0.1)
    cube = plan(thick, VOLUMES, overrides={"preprocess.shape": "[64, 64, 80]"})
    assert cube["augment.spacing"] is None
    flat = dataset("class", classes=("ill", "well"), ndim=2)
    assert plan(small_pictures((500, 333)), flat, seconds=60.0)["augment.spacing"] is None


def test_turned_thick_volume_keeps_its_lengths():
    """The matrix that is drawn is a rotation once voxels are measured in mm."""
    made = plan(fingerprint((200, 200, 80), (0.8, 0.8, 2.0)))
    affine = next(t for t in RANDOM_TRANSFORMS.all().values() if t.name == "affine")
    options = {key: made[f"augment.{key}"] for key in ("rotate_deg", "spacing")}
    matrix = affine.draw(torch.Generator().manual_seed(0), (4, 1, 20, 20, 8), options).matrix
    edge = torch.tensor(made["augment.spacing"])
    in_mm = edge[:, None] * matrix / edge
    torch.testing.assert_close(in_mm @ in_mm.mT, torch.eye(3).expand(4, 3, 3), rtol=0, atol=1e-5)
    assert Augmentation.build(made.under("augment")).steps


def test_spacings_within_a_hundredth_are_not_said_to_be_left_alone():
    same = plan(fingerprint()).decisions["preprocess.spacing_mm"].because
    assert "resamples nothing" in same
    low, high = (1.0,) * 3, (1.005,) * 3
    wide = Spread(minimum=low, p10=low, median=low, p90=high, maximum=high)
    decision = plan(fingerprint(spacing=(1.0,) * 3).model_copy(update={"spacing": wide})).decisions
    because = decision["preprocess.spacing_mm"].because
    assert "resamples nothing" not in because
    assert "1%" in because
