"""What is counted against which memory."""

from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

import torch
from made_plans import fingerprint, plan

from diascope import api
from diascope.core.errors import BudgetError
from diascope.plan import cost

GIB = 2**30
LARGE = (512, 512, 300)


def test_gpu_memory_bounds_the_network_and_the_hosts_the_cases():
    found = fingerprint(LARGE, cases=20)
    little = plan(found, memory=64 * GIB, budget={"device": "cuda", "device_memory_bytes": 2 * GIB})
    much = plan(found, memory=64 * GIB, budget={"device": "cuda", "device_memory_bytes": 60 * GIB})

    def voxels(made):
        a, b, c = made["patch.size"]
        return a * b * c * made["batch.size"] * made["network.features"][0]

    assert voxels(little) < voxels(much)
    assert much["cache.mode"] == little["cache.mode"] == "memory"
    scarce = plan(found, memory=6 * GIB, budget={"device": "cuda", "device_memory_bytes": 60 * GIB})
    assert scarce["cache.mode"] == "mapped"
    assert scarce["patch.size"] == much["patch.size"]
    assert scarce["memory.predicted_bytes"] <= 6 * GIB


def test_gpu_that_is_too_small_is_said():
    with pytest.raises(BudgetError) as caught:
        plan(memory=64 * GIB, budget={"device": "cuda", "device_memory_bytes": 10**6})
    assert "GPU" in caught.value.got


def test_largest_case_being_prepared_counts():
    few = {"cases": 20}
    raw = 4 * 512 * 512 * 600 * cost.RAW_COPIES
    found = fingerprint((128, 128, 64), **few)
    wide = found.shape.model_copy(update={"maximum": (512.0, 512.0, 600.0)})
    made = plan(found.model_copy(update={"shape": wide}))
    assert made["memory.predicted_bytes"] >= raw
    assert plan(found)["memory.predicted_bytes"] < raw
    with pytest.raises(BudgetError) as caught:
        plan(found.model_copy(update={"shape": wide}), memory=2 * GIB)
    said = float(str(caught.value.expected).split()[0])
    cached = 20 * 128 * 128 * 64 * 5
    assert said == pytest.approx((raw + cost.BASE_BYTES + cached) / GIB, abs=0.005)


def test_every_process_has_its_own_cases_and_weights():
    one, two = plan(budget={"devices": 1}), plan(budget={"devices": 2})
    assert two["memory.predicted_bytes"] >= one["memory.predicted_bytes"] + 2 * cost.BASE_BYTES
    cached = 208 * 35 * 50 * 36 * 5
    assert two["memory.predicted_bytes"] >= one["memory.predicted_bytes"] + 2 * cost.BASE_BYTES + cached


def test_budget_asks_the_gpu_for_its_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (10 * GIB, 16 * GIB))
    data = SimpleNamespace(splits=None)
    assert api._budget({"device": "cuda"}, data, 2).device_memory_bytes == 8 * GIB
    assert api._budget({"device": "cuda"}, data, 2).devices == 2
    assert api._budget({"device": "cpu"}, data, 1).device_memory_bytes is None


def test_memory_that_is_said_to_be_enough_is_enough():
    with pytest.raises(BudgetError) as caught:
        plan(memory=50 * 2**20)
    least = float(str(caught.value.expected).split()[0]) + 0.01
    assert least < 0.9
    assert plan(memory=int(least * 2**30))["patch.size"]
