"""What every random transform keeps to, whoever adds one."""

from typing import Any

import pytest
import torch

from diascope.core.families import RANDOM_TRANSFORMS
from diascope.core.ports.transform import RandomTransform
from diascope.transforms import augmentation
from diascope.transforms.augmentation import Augmentation

SHAPES = [(3, 1, 10, 12, 9), (3, 2, 1, 12, 9), (4, 3, 14, 11)]
VALUES: dict[str, Any] = {"flip": [0, 1], "rotate_deg": 20, "blur": 1.0, "lowres": 0.5, "hue_deg": 30, "mixup": 0.4}


def options_of(transform: RandomTransform) -> dict[str, Any]:
    return {key: VALUES.get(key, 0.3) for key in transform.switches}


def batch_for(transform: RandomTransform, shape: tuple[int, ...]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    size = (shape[0], len(shape) - 2, *shape[2:]) if transform.stage == "grid" else shape
    return torch.randn(size, generator=generator)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RANDOM_TRANSFORMS.names())
def test_drawing_holds_all_randomness_and_the_input_is_left_alone(name: str, shape: tuple[int, ...]) -> None:
    transform = RANDOM_TRANSFORMS.load(name)
    assert transform.name == name
    params = transform.draw(torch.Generator().manual_seed(0), shape, options_of(transform))
    if params is None:
        pytest.skip("does not suit this shape")
    batch = batch_for(transform, shape)
    before = batch.clone()
    torch.manual_seed(1)
    first = transform.apply(batch, params)
    torch.manual_seed(2)
    assert torch.equal(first, transform.apply(batch, params))
    assert torch.equal(batch, before)
    assert (first.shape, first.dtype) == (batch.shape, batch.dtype)
    assert torch.isfinite(first).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RANDOM_TRANSFORMS.names())
def test_constant_images_stay_finite_and_memory_format_does_not_matter(name: str, shape: tuple[int, ...]) -> None:
    transform = RANDOM_TRANSFORMS.load(name)
    if transform.stage == "mix":
        pytest.skip("takes vector targets")
    augment = Augmentation.build(options_of(transform))
    layout = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
    images, labels = torch.full(shape, 0.25), torch.zeros(shape[0], *shape[2:], dtype=torch.uint8)
    out, moved = augment(images.contiguous(memory_format=layout), labels, torch.Generator().manual_seed(0))
    assert torch.isfinite(out).all()
    assert moved is not None
    assert not moved.any()
    noisy = batch_for(transform, shape) if transform.stage != "grid" else torch.randn(shape)
    plain, _ = augment(noisy, None, torch.Generator().manual_seed(5))
    other, _ = augment(noisy.contiguous(memory_format=layout), None, torch.Generator().manual_seed(5))
    assert torch.allclose(plain, other, atol=1e-5)


def test_every_option_stands_in_the_table_and_each_switch_belongs_to_one_transform() -> None:
    table = augmentation.__doc__ or ""
    switches = [key for t in RANDOM_TRANSFORMS.all().values() for key in t.switches]
    assert len(switches) == len(set(switches))
    for transform in RANDOM_TRANSFORMS.all().values():
        for key, meaning in {**transform.switches, **transform.settings}.items():
            assert f"``{key}``" in table, key
            assert meaning
