"""The cine network sees motion, and without its temporal part it does not."""

import pytest

pytest.importorskip("torch", reason="networks come with the extra 'train'")

import torch

from diascope.core.errors import OptionError
from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape
from diascope.networks.cine import TimeMix

FRAMES = 6


def build(temporal: str = "attention", *, inputs: int = FRAMES, frames: int = FRAMES, ndim: int = 2):
    torch.manual_seed(0)
    options = {
        "features": [4, 8, 8, 8], "blocks": [1] * 4, "first_stride": 1, "dropout": 0.0, "frames": frames,
        "temporal": temporal,
    }  # fmt: skip
    network = NETWORKS.load("cine").build(Shape(ndim, inputs, 2, (16,) * ndim, options))
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if "mixes" in name:
                weights.normal_()
    return network.eval()


def test_order_of_frames_changes_the_answer_and_without_the_temporal_part_does_not() -> None:
    clip = torch.randn(1, FRAMES, 16, 16)
    order = [3, 0, 5, 1, 2, 4]
    seeing, blind = build(), build("none")
    with torch.no_grad():
        assert not torch.allclose(seeing(clip), seeing(clip[:, order]), atol=1e-3)
        torch.testing.assert_close(blind(clip), blind(clip[:, order]), atol=1e-5, rtol=1e-5)


def test_frames_of_several_channels_are_unfolded_with_the_time_running_fastest() -> None:
    clip = torch.randn(2, 3, FRAMES, 16, 16)
    network = build("none", inputs=3 * FRAMES)
    with torch.no_grad():
        singly = torch.stack([build("none", inputs=3, frames=1)(clip[:, :, t]) for t in range(FRAMES)]).mean(0)
        torch.testing.assert_close(network(clip.flatten(1, 2)), singly, atol=1e-5, rtol=1e-5)


def test_what_does_not_move_passes_an_untrained_mix_unchanged() -> None:
    mix = TimeMix(4, distance=2)
    still = torch.randn(2, 1, 4, 8, 8).expand(-1, FRAMES, -1, -1, -1).flatten(0, 1)
    torch.testing.assert_close(mix(still, FRAMES), still)
    assert not torch.allclose(mix(torch.randn(FRAMES, 4, 8, 8), FRAMES), still[:FRAMES])


@pytest.mark.parametrize("distance", [1, 2, 8])
def test_mixing_takes_what_lies_so_many_frames_before_and_after(distance: int) -> None:
    mix = TimeMix(1, distance)
    with torch.no_grad():
        mix.weights.copy_(torch.tensor([[10.0], [100.0]]))
    frames = torch.arange(FRAMES, dtype=torch.float32).reshape(FRAMES, 1, 1, 1)
    away = min(distance, FRAMES - 1)
    expected = [t + 10 * max(0, t - away) + 100 * min(FRAMES - 1, t + away) for t in range(FRAMES)]
    assert mix(frames, FRAMES).flatten().tolist() == expected


def test_volumes_over_time_have_one_answer() -> None:
    with torch.no_grad():
        assert build(ndim=3)(torch.randn(2, FRAMES, 16, 16, 16)).shape == (2, 2)


@pytest.mark.parametrize(("temporal", "inputs"), [("gru", FRAMES), ("attention", FRAMES + 1)])
def test_options_that_do_not_fit_are_refused(temporal: str, inputs: int) -> None:
    with pytest.raises(OptionError, match="network"):
        build(temporal, inputs=inputs)
