"""Batches depend on seed, step and rank alone, and hold what the plan asks for."""

import numpy as np
import pytest

from diascope.train.sampling import Batches, case_weights, cut, epoch_order
from diascope.train.store import Sample, Store


def _map_store(count=4, shape=(12, 10, 9)):
    rng = np.random.default_rng(0)
    samples = []
    for i in range(count):
        labels = np.zeros(shape, np.uint8)
        labels[2, 3, 4] = 1
        samples.append(
            Sample(f"c{i}", rng.normal(size=(1, *shape)).astype(np.float32), labels, {1: np.array([[2, 3, 4]])})
        )
    return Store(samples, form="map")


def _vector_store(targets):
    return Store(
        [Sample(str(i), np.full((1, 4, 4), i, np.float32), np.array(t, np.float32), {}) for i, t in enumerate(targets)],
        "vector",
    )


def test_same_step_gives_the_same_batch():
    one, other = (Batches(_map_store(), (6, 6, 6), 2, seed=3) for _ in range(2))
    for a, b in zip(one[7], other[7], strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_rank_sees_other_cases():
    store = _vector_store([[1, 0]] * 8)
    drawn = [set(Batches(store, (4, 4), 2, 0, rank=r, world=2)[0][0][:, 0, 0, 0]) for r in (0, 1)]
    assert not drawn[0] & drawn[1]


def test_each_case_comes_once_an_epoch():
    batches = Batches(_vector_store([[1, 0]] * 6), (4, 4), 2, seed=0)
    seen = np.concatenate([batches[step][0][:, 0, 0, 0] for step in range(3)])
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]


def test_foreground_patches_hold_foreground():
    batches = Batches(_map_store(), (4, 4, 4), 2, seed=0, foreground=1.0)
    for step in range(10):
        _, labels = batches[step]
        assert (labels == 1).reshape(2, -1).any(1).all()


def test_small_image_is_centred_in_a_larger_patch():
    array = np.arange(6, dtype=np.float32).reshape(1, 2, 3) + 5
    out = cut(array, [-1, -1], (4, 5))
    np.testing.assert_array_equal(out[0, 1:3, 1:4], array[0])
    assert out[0, 0, 0] == 5
    assert out.shape == (1, 4, 5)


def test_balance_draws_rare_classes_more_often():
    store = _vector_store([[1, 0]] * 90 + [[0, 1]] * 10)
    weights = case_weights(store, 1.0)
    assert weights[0] * 90 == pytest.approx(weights[-1] * 10)
    order = epoch_order(Batches(store, (4, 4), 2, seed=0, balance=1.0), 0)
    assert 40 <= (order >= 90).sum() <= 60


def test_error_names_the_case():
    broken = Store([Sample("case-7", np.zeros((1, 4, 4), np.float32), np.zeros((3,), np.uint8), {})], form="map")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 — whatever numpy says of the shapes
        Batches(broken, (2, 2), 1, seed=0)[0]
    assert "case case-7" in caught.value.__notes__
