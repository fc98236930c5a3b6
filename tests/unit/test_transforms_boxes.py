"""Boxes go where the random changes take what they lie around."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="random changes come with the extra 'train'")

import torch

from diascope.core.errors import OptionError
from diascope.transforms.augmentation import Augmentation

BALLS = {2: [(20.0, 30.0, 9.0), (44.0, 50.0, 7.0)], 3: [(14.0, 12.0, 20.0, 7.0), (28.0, 30.0, 12.0, 6.0)]}
SIZE = {2: (64, 80), 3: (40, 44, 36)}


def batch_of_balls(ndim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two images, each with a ball of its own brightness, and the balls' boxes."""
    axes = np.meshgrid(*(np.arange(n) + 0.5 for n in SIZE[ndim]), indexing="ij")
    images, boxes = [], []
    for number, (*centre, radius) in enumerate(BALLS[ndim], 1):
        inside = sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) <= radius**2
        images.append(inside[None] * float(number))
        boxes.append([[*(c - radius for c in centre), *(c + radius for c in centre), number - 1]])
    return torch.tensor(np.array(images), dtype=torch.float32), torch.tensor(boxes)


def box_seen(image: torch.Tensor, number: int) -> np.ndarray | None:
    where = np.argwhere(np.abs(image[0].numpy() - number) < 0.45)
    return None if len(where) < 20 else np.concatenate([where.min(0), where.max(0) + 1])


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize(
    "options",
    [{"flip": [0, 1]}, {"rotate_deg": 30, "scale": 0.3, "translate": 0.1}, {"mosaic": 1.0, "flip": [1]}],
    ids=str,
)
def test_boxes_stay_around_what_they_mark(ndim, options):
    images, boxes = batch_of_balls(ndim)
    augment, seen = Augmentation.build(options), 0
    for seed in range(12):
        out, moved = augment(images, boxes, torch.Generator().manual_seed(seed))
        for image, some in zip(out, moved, strict=True):
            for row in some[~some[:, 0].isnan()].numpy():
                there = box_seen(image, int(row[-1]) + 1)
                if there is not None and len(some) == 1:
                    seen += 1
                    assert row[:-1] == pytest.approx(there, abs=1.6)
    assert seen >= 8


def test_box_that_leaves_the_image_is_dropped_and_a_cut_one_is_clipped():
    images = torch.zeros(1, 1, 40, 40)
    boxes = torch.tensor([[[0.0, 0, 10, 10, 0], [15, 15, 25, 25, 1]]])
    augment = Augmentation.build({"translate": 0.9})
    for seed in range(20):
        _, moved = augment(images, boxes, torch.Generator().manual_seed(seed))
        real = moved[~moved[..., 0].isnan()]
        assert (real[:, :4] >= 0).all()
        assert (real[:, :4] <= 40).all()
        assert ((real[:, 2:4] - real[:, :2]).prod(-1) >= 0.4 * 100 - 1e-3).all()


def test_change_that_cannot_say_where_boxes_go_is_refused():
    images, boxes = batch_of_balls(2)
    with pytest.raises(OptionError, match="elastic does not say how boxes move"):
        Augmentation.build({"elastic": 0.2})(images, boxes, torch.Generator().manual_seed(0))


def test_negatives_stay_negatives():
    images = torch.rand(2, 1, 20, 20)
    _, moved = Augmentation.build({"flip": [0], "mosaic": 1.0, "rotate_deg": 10})(
        images, torch.full((2, 1, 5), torch.nan), torch.Generator().manual_seed(0)
    )
    assert moved.shape[0] == 2
    assert moved.isnan().all()
