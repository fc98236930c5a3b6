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
    "autoencoder": lambda n: {"features": [8, 16, 32], "code": 4},
    "memory": lambda n: {"features": [3], "cells": [4] * n, "memory": 6},
    "detector": lambda n: {
        "pooling": [1] * n, "features": [8, 16, 32], "strides": [[1] * n, [2] * n, [2] * n], "blocks": [0, 1, 1],
        "box_levels": [1, 2], "norm": "group",
    },
    "resnet": lambda n: {"features": [8, 16, 32, 32], "blocks": [1, 1, 1, 1], "first_stride": 1, "dropout": 0.0},
    "cine": lambda n: {
        "features": [8, 16, 32, 32], "blocks": [1, 1, 1, 1], "first_stride": 1, "dropout": 0.0, "frames": 2,
        "temporal": "attention",
    },
}  # fmt: skip


DEVIATION = {"autoencoder", "memory"}
"""Networks with one output, how far a voxel is from what is expected, whatever is asked for."""
RESULTS = {"detector": lambda n: (3 + 3 * n + 1, 8**n + 4**n)}
"""What a network of its own kind gives for patches of 16 voxels along each axis; all others give classes."""


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("name", NETWORKS.names())
def test_network_gives_logits_and_counts_its_weights(name, ndim):
    network = NETWORKS.load(name)
    outputs = 1 if name in DEVIATION else 3
    shape = Shape(ndim, 2, outputs, (16,) * ndim, OPTIONS[name](ndim))
    module = network.build(shape)
    x = torch.zeros(2, 2, *shape.patch)
    out = module.eval()(x)
    assert out.shape == (2, *RESULTS.get(name, lambda n: (outputs, *(shape.patch if network.dense else ())))(ndim))
    trained = module.train()(x)
    assert all(o.shape[:2] == out.shape[:2] for o in (trained if isinstance(trained, list) else [trained]))
    built = sum(p.numel() for p in module.parameters())
    assert network.parameters(shape) == pytest.approx(built, rel=0.05)
    assert network.operations(shape) > network.parameters(shape)
    assert network.activations(shape) > 0


GRADES = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
FOLLOWED = torch.tensor([[5.0, 1.0], [30.0, 0.0], [12.0, 1.0]])
HAZARDS = torch.tensor([[9.0, 0.0, 0.0], [-9.0, -9.0, -9.0], [-9.0, 9.0, 0.0]])
RIGHT = {
    "huber": (torch.tensor([[1.0], [-3.0]]), torch.tensor([[1.0], [-3.0]])),
    "cumulative_link": (torch.tensor([[20.0, 40.0], [-20.0, 40.0], [40.0, -20.0]]), GRADES),
    "cox": (torch.tensor([[40.0], [-40.0], [0.0]]), FOLLOWED),
    "discrete_hazards": (HAZARDS, FOLLOWED),
}
"""Loss -> outputs that are right, and their targets, for those whose outputs are no logits of classes."""

OPTIONS_OF_LOSS = {"discrete_hazards": {"horizons": [10.0, 20.0, 40.0]}}
UNSMOOTHED = {"huber", "cox", "discrete_hazards", "detection"}
"""Losses without labels to smooth: of numbers and times, and one whose positives weigh by their overlap."""
LABELLED = [name for name in LOSSES.names() if name != "deviation"]
"""Losses that compare with a label; the other is the mean of what the network gives."""


def _right(name):
    if name in RIGHT:
        return RIGHT[name]
    if name == "detection":  # one place each: three logits, box, centre and stride
        found = torch.tensor([[20.0, -20, -20, 2, 2, 10, 10, 6, 6, 4], [-20.0, -20, -20, 0, 0, 9, 9, 30, 30, 4]])
        return found.T[None], torch.tensor([[[2.0, 2, 10, 10, 0]]])
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


@pytest.mark.parametrize("name", LABELLED)
def test_loss_is_near_zero_at_the_truth_and_higher_elsewhere(name):
    torch.manual_seed(0)
    loss = LOSSES.load(name).build(OPTIONS_OF_LOSS.get(name, {}))
    logits, target = _right(name)
    assert float(loss(logits, target)) == pytest.approx(0, abs=1e-2)
    assert float(loss(-logits, target)) > 1


def test_outputs_of_a_scaled_network_are_in_their_own_unit():
    options = OPTIONS["resnet"](2) | {"output_mean": [60.0], "output_std": [0.0]}
    module = NETWORKS.load("resnet").build(Shape(2, 1, 1, (16, 16), options)).eval()
    assert module(torch.randn(2, 1, 16, 16)).tolist() == [[60.0], [60.0]]
    with pytest.raises(ValueError, match="need 2 numbers each, got 1 and 1"):
        NETWORKS.load("resnet").build(Shape(2, 1, 2, (16, 16), options))


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_missing_targets_add_nothing(name):
    loss = LOSSES.load(name).build({})
    logits, target = _right(name)
    more = torch.cat([logits, torch.full((1, 2), 7.0)])
    gaps = torch.cat([target, torch.full((1, 2), torch.nan)])
    assert float(loss(more, gaps)) == pytest.approx(float(loss(logits, target)))
    assert float(loss(more, torch.full_like(gaps, torch.nan))) == 0


@pytest.mark.parametrize("name", [name for name in LABELLED if name not in UNSMOOTHED])
def test_label_smoothing_is_honoured(name):
    torch.manual_seed(0)
    logits, target = _right(name)
    plain, smooth = (LOSSES.load(name).build({"label_smoothing": share}) for share in (0.0, 0.2))
    assert float(smooth(logits, target)) > float(plain(logits, target)) + 0.1
