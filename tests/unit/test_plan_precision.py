"""Where bfloat16 in channels_last gives wrong gradients, the planner stays away from it."""

from types import SimpleNamespace
from typing import Any

import pytest

from diascope.plan.rules import precision

torch = pytest.importorskip("torch", reason="convolutions come with the extra 'train'")


def context(patch: list[int], device: str = "cpu", **values: Any) -> Any:
    network = {"network.strides": None, "network.first_stride": 1}
    return SimpleNamespace(budget=SimpleNamespace(device=device), values={"patch.size": patch, **network, **values})


@pytest.fixture(autouse=True)
def bfloat16_in_hardware(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)


@pytest.mark.parametrize(
    ("patch", "values", "depths"),
    [
        ([10, 12, 8], {}, {10, 5, 3, 2}),
        ([32, 32, 32], {"network.first_stride": 2}, {16, 8, 4, 2}),
        ([64, 64, 64], {}, {64, 32, 16, 8}),
        ([40, 56, 40], {"network.strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]]}, {40, 20, 10}),
    ],
)
def test_depths_follow_the_strides(patch: list[int], values: dict[str, Any], depths: set[int]):
    assert precision.depths(context(patch, **values).values) == depths


def layout(*args: Any, **values: Any) -> str:
    return precision.RULE.apply(context(*args, **values))["memory_format"][0]


def test_level_two_voxels_deep_is_contiguous_on_a_cpu():
    assert layout([10, 12, 8]) == "contiguous"
    assert layout([10, 12, 8], "cuda") == "channels_last"
    assert layout([10, 12, 8], precision="32-true") == "channels_last"
    assert layout([64, 64, 64]) == "channels_last"
    assert layout([10, 12]) == "channels_last"


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_gradient_in_the_planned_layout_is_that_of_float32(depth: int):
    """The planner's choice for this depth, against float32, with memory full of NaN freed before each pass."""
    planned = layout([depth, 6, 6], **{"network.strides": [[1, 1, 1]]})
    chosen = torch.channels_last_3d if planned == "channels_last" else torch.contiguous_format
    torch.manual_seed(0)
    images = torch.randn(4, 8, depth, 6, 6)
    convolution = torch.nn.Conv3d(8, 8, 3, padding=1)
    convolution(images).square().mean().backward()
    expected = convolution.weight.grad.clone()
    convolution, images = convolution.to(memory_format=chosen), images.to(memory_format=chosen)
    for _ in range(10):
        del [torch.full((n,), float("nan")) for n in (64, 256, 1024, 4096, 16384, 65536)][:]
        convolution.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            out = convolution(images)
        out.float().square().mean().backward()
        torch.testing.assert_close(
            convolution.weight.grad, expected, rtol=0.05, atol=0.02 * float(expected.abs().max())
        )
