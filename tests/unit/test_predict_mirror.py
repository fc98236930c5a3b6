"""A mirrored prediction is the mean over all mirrorings, each turned back."""

from itertools import product

import numpy as np
import pytest
from scipy.special import softmax

from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Decision, Plan
from diascope.core.geometry import geometry_without_spacing
from diascope.core.image import Image
from diascope.predict.case import Predictor

MASK = Target(kind="mask", classes=("background", "a", "b"), values=(0, 1, 2))
CLASS = Target(kind="class", classes=("well", "ill"))


def plan_for(task: str, window: tuple[int, ...]) -> Plan:
    values = {
        "preprocess.channels": ["x"],
        "preprocess.shape": None,
        "preprocess.normalise": {"x": {"scheme": "none"}},
        "predict.window": list(window),
        "predict.overlap": 0.5,
    }
    decisions = {key: Decision(value=value, rule="test", because="the test says so") for key, value in values.items()}
    return Plan(
        dataset="d", dataset_digest="0", fingerprint_digest="1", task=task, target="t", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip


def lopsided(shape: tuple[int, ...], outputs: int, seed: int):
    """Return a network to which left and right are not the same: each voxel has weights of its own."""
    weights = np.random.default_rng(seed).normal(size=(outputs, *shape)).astype(np.float32)
    return lambda batch: (weights * batch).astype(np.float32)


def all_flips(axes: tuple[int, ...]):
    return [tuple(a for a, on in zip(axes, bits, strict=True) if on) for bits in product((0, 1), repeat=len(axes))]


@pytest.mark.parametrize(("shape", "mirror"), [((9, 7), (1,)), ((9, 7), (0, 1)), ((6, 5, 7), (0, 2)), ((6, 5, 7), ())])
def test_mask_is_the_best_of_the_mean_over_mirrorings_and_members(shape: tuple[int, ...], mirror: tuple[int, ...]):
    members = [lopsided(shape, 3, seed) for seed in (1, 2)]
    voxels = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    mean = np.zeros((3, *shape))
    for member, axes in product(members, all_flips(mirror)):
        turned = tuple(a + 1 for a in axes)
        mean += np.flip(softmax(member(np.flip(voxels, turned)), axis=0), turned)
    mean /= len(members) * 2 ** len(mirror)
    predictor = Predictor(plan_for("segmentation", shape), MASK, members, mirror)
    found = predictor.predict({"x": Image(voxels, geometry_without_spacing(shape))})
    clear = np.diff(np.sort(mean, axis=0)[-2:], axis=0)[0] > 1e-5
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(found[clear], mean.argmax(0)[clear])


def test_mirroring_matters_to_a_lopsided_network():
    shape = (9, 7)
    image = {"x": Image(np.ones((1, *shape), np.float32), geometry_without_spacing(shape))}
    plan, members = plan_for("segmentation", shape), [lopsided(shape, 3, 1)]
    plain, mirrored = (Predictor(plan, MASK, members, axes).predict(image) for axes in ((), (0, 1)))
    assert (plain != mirrored).any()
    np.testing.assert_array_equal(mirrored, np.flip(mirrored))


def test_logits_are_the_mean_over_mirrorings_and_members():
    shape, mirror = (5, 6), (0, 1)
    maps = [lopsided(shape, 2, seed) for seed in (3, 4)]
    members = [lambda batch, m=m: m(batch).sum(axis=(2, 3)) for m in maps]
    batch = np.random.default_rng(0).normal(size=(4, 1, *shape)).astype(np.float32)
    by_hand = np.mean([m(np.flip(batch, tuple(a + 2 for a in f))) for m in members for f in all_flips(mirror)], axis=0)
    predictor = Predictor(plan_for("classification", shape), CLASS, members, mirror)
    np.testing.assert_allclose(predictor.logits(batch), by_hand, rtol=1e-5)
