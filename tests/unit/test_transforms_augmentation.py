import subprocess
import sys

import pytest
import torch

from diascope.core.errors import OptionError
from diascope.transforms.augmentation import Augmentation

ALL = {
    "rotate_deg": [15, 15, 15], "scale": 0.2, "shear": 0.1, "translate": 0.05, "elastic": 0.3, "flip": [0, 2],
    "bias": 0.3, "contrast": 0.3, "brightness": 0.3, "gamma": 0.3, "blur": 1.0, "lowres": 0.5, "noise": 0.15,
    "cutout": 0.3,
}  # fmt: skip


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blob_batch(cases: int = 4, size: tuple[int, ...] = (20, 24, 18)) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images whose value is their label, so that both can be compared after any movement."""
    axes = torch.meshgrid(*[torch.linspace(-1, 1, n) for n in size], indexing="ij")
    radius = sum(a**2 for a in axes)
    labels = (radius < 0.6).long() + (radius < 0.2).long()
    labels = labels.expand(cases, *size).contiguous()
    return labels[:, None].float(), labels


def test_the_same_generator_state_gives_the_same_batch() -> None:
    images, labels = blob_batch()
    augment = Augmentation.build({**ALL, "probability": 0.5})
    first, again = augment(images, labels, rng()), augment(images, labels, rng())
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])  # pyright: ignore[reportArgumentType]
    assert not torch.equal(first[0], augment(images, labels, rng(1))[0])


def test_the_given_batch_is_left_alone() -> None:
    images, labels = blob_batch()
    before = images.clone(), labels.clone()
    Augmentation.build(ALL)(images, labels, rng())
    assert torch.equal(images, before[0])
    assert torch.equal(labels, before[1])


@pytest.mark.parametrize("size", [(20, 24, 18), (30, 26)])
@pytest.mark.parametrize("kind", [torch.uint8, torch.int64])
def test_labels_move_with_the_image(size: tuple[int, ...], kind: torch.dtype) -> None:
    images, labels = blob_batch(6, size)
    options = {"rotate_deg": 40, "scale": 0.3, "translate": 0.2, "elastic": 0.3, "flip": [0, 1]}
    moved, moved_labels = Augmentation.build(options)(images, labels.to(kind), rng())
    assert moved_labels is not None
    assert moved_labels.dtype == kind
    assert (moved_labels != labels).float().mean() > 0.02
    assert (moved_labels == moved[:, 0].round()).float().mean() > 0.98


def test_no_options_change_nothing() -> None:
    images, labels = blob_batch()
    for options in ({}, {"rotate_deg": 0, "flip": [], "noise": None, "probability": 0.5}, {**ALL, "probability": 0}):
        out, same = Augmentation.build(options)(images, labels, rng())
        assert out is images
        assert same is labels


def test_probability_is_each_samples_own_and_may_differ_by_name() -> None:
    images = torch.randn(400, 1, 6, 6)
    changed = Augmentation.build({"brightness": 1.0, "probability": 0.3})(images, None, rng())[0] != images
    assert 0.2 < changed.flatten(1).any(1).float().mean() < 0.4
    options = {"brightness": 1.0, "flip": [0], "probability": {"flip": 0.0, "default": 1.0}}
    assert [step.transform.name for step in Augmentation.build(options).steps] == ["brightness"]


def test_samples_that_draw_nothing_are_bit_equal() -> None:
    images, labels = blob_batch(8)
    out, moved = Augmentation.build({"rotate_deg": 30, "probability": 0.5})(images, labels, rng())
    same = [bool(torch.equal(a, b)) for a, b in zip(out, images, strict=True)]
    assert 0 < sum(same) < 8
    for index, is_same in enumerate(same):
        if is_same:
            assert moved is not None
            assert torch.equal(moved[index], labels[index])


def test_flips_only_turn_the_named_axes_and_half_of_the_samples() -> None:
    images = torch.randn(200, 1, 3, 4, 5)
    out = Augmentation.build({"flip": [2]})(images, None, rng())[0]
    turned = (out == images.flip(4)).flatten(1).all(1)
    assert (turned | (out == images).flatten(1).all(1)).all()
    assert 0.4 < turned.float().mean() < 0.6


def test_rotation_is_true_in_millimetres_for_thick_slices() -> None:
    from diascope.core.families import RANDOM_TRANSFORMS

    affine = RANDOM_TRANSFORMS.load("affine")
    matrix, _ = affine.draw(rng(), (5, 1, 8, 8, 8), {"rotate_deg": 45, "spacing": [1, 1, 5]})
    edge = torch.tensor([1.0, 1, 5])
    in_mm = matrix * edge[:, None] / edge
    assert torch.allclose(in_mm @ in_mm.transpose(1, 2), torch.eye(3).expand(5, 3, 3), atol=1e-5)


def test_elastic_below_the_bound_never_folds() -> None:
    from diascope.core.families import RANDOM_TRANSFORMS
    from diascope.transforms.random._sampling import centred_positions

    elastic = RANDOM_TRANSFORMS.load("elastic")
    shape = (8, 1, 40, 44)
    positions = elastic.apply(centred_positions(torch.zeros(shape)), elastic.draw(rng(), shape, {"elastic": 0.4}))
    down, right = positions.diff(dim=2)[..., :, :-1], positions.diff(dim=3)[..., :-1, :]
    assert (down[:, 0] * right[:, 1] - down[:, 1] * right[:, 0] > 0).all()


def test_mixup_blends_targets_as_images_and_keeps_missing_ones_missing() -> None:
    targets = torch.eye(6)
    targets[0, 1] = torch.nan
    images = torch.eye(6)[:, :, None, None].expand(6, 6, 4, 4)
    out, mixed = Augmentation.build({"mixup": 0.5})(images, targets, rng())
    assert mixed is not None
    assert torch.isnan(mixed[:, 1]).tolist() == [True, True, False, False, False, False]
    assert torch.allclose(out[:, 0, 0, 0], mixed[:, 0])
    assert (mixed[2].max(), mixed[2].sum()) == (pytest.approx(float(mixed[2, 2])), pytest.approx(1.0))


def test_colour_changes_keep_grey_grey() -> None:
    grey = torch.rand(3, 1, 5, 5).expand(3, 3, 5, 5)
    augment = Augmentation.build({"hue_deg": 90, "saturation": 0.5})
    assert torch.allclose(augment(grey, None, rng())[0], grey, atol=1e-6)
    colour = torch.rand(3, 3, 5, 5)
    out = augment(colour, None, rng())[0]
    assert torch.allclose(out.mean(1), colour.mean(1), atol=1e-5)
    assert (out - colour).abs().max() > 0.05


def test_gamma_keeps_mean_and_deviation_and_the_order_of_values() -> None:
    images = torch.randn(5, 2, 8, 9, 7) * 30 + 100
    out = Augmentation.build({"gamma": 1.0})(images, None, rng())[0]
    assert torch.allclose(out.mean((2, 3, 4)), images.mean((2, 3, 4)), rtol=1e-4)
    assert torch.allclose(out.std((2, 3, 4)), images.std((2, 3, 4)), rtol=1e-4)
    ranks = [x.flatten(2).argsort(-1) for x in (images, out)]
    assert torch.equal(*ranks)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rotate": 10}, "rotate_deg"),
        ({"noise": 1.0, "probability": 1.5}, "from 0 to 1"),
        ({"noise": 1.0, "probability": {"noize": 0.5}}, "'noise'"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        Augmentation.build(options)
    assert message in str(caught.value)


def test_importing_the_augmentation_loads_no_torch() -> None:
    code = "import sys, diascope.transforms.augmentation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
