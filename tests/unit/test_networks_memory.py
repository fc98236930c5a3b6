"""The memory of normal cases, and what is said of training cases that are unlike the others."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks come with the extra 'train'")

import torch

from diascope.core.families import NETWORKS
from diascope.core.ports.network import Shape
from diascope.networks.memory import blur
from diascope.train.finish import UNLIKE, far_from_others, unlike_others

SHAPE = Shape(2, 1, 1, (24, 20), {"features": [3], "cells": [6, 5], "memory": 40})


def waves(count, seed=0):
    """Return images that differ in noise alone."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 1, 24, 20, generator=generator)


def filled(images, shape=SHAPE):
    network = NETWORKS.load("memory")
    module = network.build(shape).eval()
    scores = network.finish(module, lambda: images.split(7))
    return module, scores


def test_blur_keeps_constants_and_smooths_along_every_axis():
    from scipy.ndimage import gaussian_filter

    x = waves(1)
    want = gaussian_filter(x[0, 0].numpy(), 1.4, mode="nearest", truncate=3.0)
    assert np.allclose(blur(x, 1.4)[0, 0], want, atol=1e-4)
    assert torch.allclose(blur(torch.full((1, 2, 5, 6, 7), 3.0), 2.8), torch.tensor(3.0))


def test_what_is_unlike_scores_more_and_where_it_lies():
    module, _ = filled(waves(40))
    odd = waves(1, seed=9)
    usual = module(odd).mean()
    odd[..., :8, :8] = blur(odd, 2.0)[..., :8, :8]
    found = module(odd)[0, 0]
    assert found.mean() > 1.3 * usual
    assert found[:8, :8].mean() > 3 * found[12:].mean()


def test_a_remembered_case_is_not_compared_with_itself():
    module, scores = filled(waves(40))
    assert scores.shape == (40,)
    own = module(waves(40)).flatten(1).mean(1)
    assert (torch.as_tensor(scores) > own).all()


def test_an_odd_training_case_is_ranked_first():
    images = waves(40)
    images[23] = blur(images[23:24], 2.0)[0]
    _, scores = filled(images)
    assert int(scores.argmax()) == 23
    assert far_from_others(scores) >= 1


def test_more_cases_than_it_keeps_are_spread_evenly():
    module, scores = filled(waves(90))
    assert int(module.filled) == 40
    assert scores.shape == (90,)


@pytest.mark.parametrize("count", [1, 3])
def test_few_cases_are_enough_to_answer(count):
    module, scores = filled(waves(count))
    assert np.isfinite(scores).all()
    assert torch.isfinite(module(waves(2, seed=5))).all()


def test_far_from_others_is_robust_and_nothing_is_far_of_equals():
    scores = np.r_[np.random.default_rng(0).normal(5, 1, 200), [30.0, 40.0]]
    assert far_from_others(scores) == 2
    assert far_from_others(np.ones(9)) == 0


def test_sentence_names_the_least_like_first(tmp_path):
    (tmp_path / UNLIKE).write_text(json.dumps([[f"c{n}", 9.0 - n] for n in range(8)]))
    (text,) = unlike_others(tmp_path)
    assert "c0 (9), c1 (8), c2 (7), c3 (6) and c4 (5)" in text
    assert unlike_others(tmp_path / "absent") == ()
