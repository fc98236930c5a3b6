"""Every network counts what it builds; every loss is lowest at the truth and passes over what is missing."""

import pytest

pytest.importorskip("torch", reason="networks and losses come with the extra 'train'")

import torch

from diascope.core.families import LOSSES, NETWORKS
from diascope.core.ports.network import Shape

OPTIONS = {
    "unet": lambda n: {
        "features": [8, 16, 32], "kernels": [[3] * n] * 3, "strides": [[1] * n, [2] * n, [2] * n],
        "residual": False, "norm": "instance", "deep_supervision": 1,
    },
    "resnet": lambda n: {"features": [8, 16, 32, 32], "blocks": [1, 1, 1, 1], "first_stride": 1, "dropout": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("name", NETWORKS.names())
def test_network_gives_logits_and_counts_its_weights(name, ndim):
    network = NETWORKS.load(name)
    shape = Shape(ndim, 2, 3, (16,) * ndim, OPTIONS[name](ndim))
    module = network.build(shape)
    x = torch.zeros(2, 2, *shape.patch)
    out = module.eval()(x)
    assert out.shape == (2, 3, *(shape.patch if network.dense else ()))
    trained = module.train()(x)
    assert all(o.shape[:2] == (2, 3) for o in (trained if isinstance(trained, list) else [trained]))
    built = sum(p.numel() for p in module.parameters())
    assert network.parameters(shape) == pytest.approx(built, rel=0.05)
    assert network.operations(shape) > network.parameters(shape)
    assert network.activations(shape) > 0


def _right(name):
    if name == "dice_ce":
        target = torch.randint(0, 3, (2, 6, 6))
        return torch.nn.functional.one_hot(target, 3).permute(0, 3, 1, 2).float() * 40 - 20, target
    if name == "instances":
        from diascope.losses.instances import make_maps

        target = torch.zeros(2, 16, 16, dtype=torch.int64)
        target[:, 2:9, 3:9], target[:, 9:14, 3:9] = 1, 2
        maps = make_maps(target)
        return torch.stack([maps.foreground, maps.depth, maps.contact], 1).logit(1e-7), target
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    return target * 40 - 20, target


@pytest.mark.parametrize("name", LOSSES.names())
def test_loss_is_near_zero_at_the_truth_and_higher_elsewhere(name):
    torch.manual_seed(0)
    loss = LOSSES.load(name).build({})
    logits, target = _right(name)
    assert float(loss(logits, target)) == pytest.approx(0, abs=1e-2)
    assert float(loss(-logits, target)) > 1


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_missing_targets_add_nothing(name):
    loss = LOSSES.load(name).build({})
    logits, target = _right(name)
    more = torch.cat([logits, torch.full((1, 2), 7.0)])
    gaps = torch.cat([target, torch.full((1, 2), torch.nan)])
    assert float(loss(more, gaps)) == pytest.approx(float(loss(logits, target)))
    assert float(loss(more, torch.full_like(gaps, torch.nan))) == 0


@pytest.mark.parametrize("name", LOSSES.names())
def test_label_smoothing_is_honoured(name):
    torch.manual_seed(0)
    logits, target = _right(name)
    plain, smooth = (LOSSES.load(name).build({"label_smoothing": share}) for share in (0.0, 0.2))
    assert float(smooth(logits, target)) > float(plain(logits, target)) + 0.1
