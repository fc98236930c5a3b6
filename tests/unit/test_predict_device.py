"""Where a run is predicted: on the plan's device, else on what is here, said."""

import pytest

pytest.importorskip("torch", reason="the engine comes with the extra 'train'")

import numpy as np
import torch

from diascope import api
from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import InputError, OptionError
from diascope.core.ports.engine import How
from diascope.engines.torch import wrap
from diascope.predict.network import choose_device


def plan_of(device: str) -> Plan:
    values = {"machine.device": device, "predict.engine": "torch"}
    decisions = {k: Decision(value=v, rule="test", because="the test says so") for k, v in values.items()}
    return Plan(
        dataset="", dataset_digest="", fingerprint_digest="", task="segmentation", target="mask", fold=0, seed=0,
        decisions=decisions,
    )  # fmt: skip


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_run_of_a_gpu_is_predicted_on_the_cpu_with_a_warning(no_gpu):
    device, warning = choose_device(plan_of("cuda"))
    assert device == "cpu"
    assert "trained on cuda" in str(warning)
    assert choose_device(plan_of("cpu")) == ("cpu", None)


def test_device_asked_for_by_name_is_not_replaced(no_gpu):
    with pytest.raises(OptionError, match="no cuda device"):
        choose_device(plan_of("cpu"), "cuda")


def test_training_by_a_plan_for_a_gpu_is_refused_with_what_to_do(no_gpu):
    with pytest.raises(InputError, match="CUDA") as caught:
        api._check_device(plan_of("cuda"))
    assert "machine.device" in caught.value.fix
    api._check_device(plan_of("cpu"))


@pytest.mark.parametrize(("memory_format", "is_last"), [("channels_last", True), ("contiguous", False)])
def test_engine_keeps_the_plans_order_of_axes(memory_format, is_last):
    layer = torch.nn.Conv2d(4, 4, 3)
    seen = []
    layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    run = wrap(layer, How("32-true", memory_format, "cpu"))
    assert run(np.zeros((2, 4, 8, 8), np.float32)).shape == (2, 4, 6, 6)
    assert seen[0].is_contiguous(memory_format=torch.channels_last) is is_last
    assert layer.weight.is_contiguous(memory_format=torch.channels_last) is is_last
