"""What boxes ask of a plan: room for the large ones, and mirrored bodies unless a name speaks of sides."""

import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

from made_plans import dataset, fingerprint, plan, small_pictures, spread

from diascope.core.documents.fingerprint import TargetNumbers


def boxes(classes=("lesion",), *, edges=(20.0, 20.0, 50.0), seconds=60.0, pictures=False):
    """Return the plan of volumes of 60x60x90 voxels, or of pictures, whose boxes all have these edges."""
    numbers = TargetNumbers(
        kind="boxes", counts={}, missing=0, boxes=dict.fromkeys(classes, 40), box_edges=spread(*edges)
    )
    shape = (60, 60, 90)[: len(edges)]
    found = small_pictures(shape) if pictures else fingerprint(shape)
    data = dataset("boxes", classes=classes, ndim=len(edges))
    return plan(found.model_copy(update={"targets": {"t": numbers}}), data, seconds=seconds, task="detection")


def test_patch_stays_large_enough_for_large_boxes_however_short_the_time():
    small, large = boxes(edges=(6.0, 6.0, 6.0)), boxes()
    assert all(n < 30 for n in small["patch.size"])
    assert all(n >= 1.5 * edge for n, edge in zip(large["patch.size"], (20, 20, 50), strict=True))


def test_lesions_may_lie_on_either_side_unless_a_name_speaks_of_sides():
    assert boxes()["augment.flip"] == [0, 1, 2]
    assert boxes(("left kidney",))["augment.flip"] == []
    assert plan()["augment.flip"] == []  # an organ lies on its own side


def test_pictures_are_put_together_and_volumes_are_not():
    assert boxes()["augment.mosaic"] == 0
    assert boxes(edges=(8.0, 8.0), pictures=True)["augment.mosaic"] == 1


def test_boxes_of_volumes_are_not_turned_and_those_of_pictures_are():
    assert boxes()["augment.rotate_deg"] == [0, 0, 0]
    assert boxes(edges=(8.0, 8.0), pictures=True)["augment.rotate_deg"][0] > 0
