"""The cases of the second learning curve are bounded by their size."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope.core.documents.plan import Decision, Plan
from diascope.train.member import PROBE_SHARE, probe_count
from diascope.train.store import Sample, Store


def plan_of(memory: int, mode: str = "memory") -> Plan:
    values = {"budget.memory_bytes": memory, "cache.mode": mode}
    decisions = {key: Decision(value=value, rule="test", because="the test says so") for key, value in values.items()}
    return Plan(
        dataset="d", dataset_digest="0", fingerprint_digest="1", task="classification", target="t", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip


def store_of(shape: tuple[int, ...], *, form: str) -> Store:
    array = np.broadcast_to(np.float32(0), (1, *shape))  # as large as it says, and no memory
    return Store([Sample("c", array, np.zeros(2, np.float32), {})], form)


def test_small_images_are_all_probed():
    assert probe_count(plan_of(8 * 2**30), store_of((64, 64), form="vector")) == 256
    assert probe_count(plan_of(8 * 2**30), store_of((64, 64), form="map")) == 8


@pytest.mark.parametrize("form", ["vector", "map"])
def test_large_volumes_take_no_more_than_their_share_of_the_memory(form):
    memory, store = 2 * 2**30, store_of((128, 128, 128), form=form)
    count = probe_count(plan_of(memory), store)
    assert 1 <= count * 4 * 128**3 <= PROBE_SHARE * memory
    assert probe_count(plan_of(memory), store_of((512, 512, 300), form=form)) == 1


def test_mapped_volumes_are_probed_by_patches():
    assert probe_count(plan_of(2**30, "mapped"), store_of((512, 512, 300), form="map")) == 8
