"""Apply chosen random transforms to a batch: each sample pays only for what it draws."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from diascope.core.errors import OptionError
from diascope.core.ports.transform import RandomStep
from diascope.transforms.random._boxes import compact, keep_inside
from diascope.transforms.random._sampling import centred_positions, sample_images, sample_labels


@torch.no_grad()
def run(
    steps: Sequence[RandomStep], images: Tensor, targets: Tensor | None, rng: Generator
) -> tuple[Tensor, Tensor | None]:
    """Return the changed batch; the given one is left as it is. See ``Augmentation.__call__``."""
    if targets is not None and targets.ndim == 3 and targets.is_floating_point():
        return run_boxes(steps, images, targets, rng)
    is_map = targets is not None and targets.ndim == images.ndim - 1 and not targets.is_floating_point()
    labels = targets if is_map else None
    for step in steps:
        if step.transform.stage == "exact":
            images, labels = _change_exactly(step, images, labels, rng)
    images, labels = _resample([s for s in steps if s.transform.stage == "grid"], images, labels, rng)
    for step in steps:
        if step.transform.stage == "image":
            images = _change_values(step, images, rng)
    if is_map or targets is None:
        return images, labels
    for step in steps:
        if step.transform.stage == "mix":
            images, targets = _mix(step, images, targets, rng)
    return images, targets


def run_boxes(steps: Sequence[RandomStep], images: Tensor, boxes: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Return the changed batch with boxes ``(B, M, 2 ndim + 1)`` that went with the images, clipped to them."""
    size = tuple(images.shape[2:])
    for step in steps:
        if step.transform.stage == "exact":
            index, params = _draw(step, images, rng)
            if params is not None:
                images = _put(images, index, step.transform.apply(_part(images, index), params))
                boxes = _moved(step, boxes, index, params, size=size)
    drawn = [(s, *_draw(s, images, rng)) for s in steps if s.transform.stage == "grid"]
    drawn = [(step, index, params) for step, index, params in drawn if params is not None]
    images = _sampled(drawn, images)[0] if drawn else images
    for step, index, params in reversed(drawn):
        boxes = _moved(step, boxes, index, params, size=size)
    for step in steps:
        if step.transform.stage == "image":
            images = _change_values(step, images, rng)
    return images, compact(keep_inside(boxes, size))


def _moved(step: RandomStep, boxes: Tensor, index: Tensor, params: object, *, size: tuple[int, ...]) -> Tensor:
    """Return the boxes of the whole batch, those of the samples that act having been moved.

    Raises:
        OptionError: the transform does not say how boxes move.
    """
    move = step.transform.move_boxes
    if move is None:
        raise OptionError(
            f"{step.transform.name} does not say how boxes move",
            fix=f"set augment.{next(iter(step.transform.switches))} to 0 in the plan",
        )
    part = move(boxes[index], params, size)
    most = max(part.shape[1], boxes.shape[1])
    return _grown(boxes, most).index_copy(0, index, _grown(part, most))


def _grown(boxes: Tensor, rows: int) -> Tensor:
    """Return boxes with rows of nan added."""
    return torch.cat([boxes, boxes.new_full((len(boxes), rows - boxes.shape[1], boxes.shape[2]), torch.nan)], 1)


def _draw(step: RandomStep, images: Tensor, rng: Generator) -> tuple[Tensor, object]:
    """Return which samples act, and the parameters for them (None where nothing is to do)."""
    chosen = torch.rand(len(images), generator=rng, device=rng.device) < step.probability
    index = chosen.nonzero()[:, 0].to(images.device)
    if not len(index):
        return index, None
    return index, step.transform.draw(rng, (len(index), *images.shape[1:]), step.options)


def _put(batch: Tensor, index: Tensor, part: Tensor) -> Tensor:
    if len(index) == len(batch):
        return part
    return batch.index_copy(0, index, part.to(batch.dtype))


def _part(batch: Tensor, index: Tensor) -> Tensor:
    return batch if len(index) == len(batch) else batch[index]


def _change_exactly(
    step: RandomStep, images: Tensor, labels: Tensor | None, rng: Generator
) -> tuple[Tensor, Tensor | None]:
    index, params = _draw(step, images, rng)
    if params is None:
        return images, labels
    images = _put(images, index, step.transform.apply(_part(images, index), params))
    if labels is not None:
        labels = _put(labels, index, step.transform.apply(_part(labels, index)[:, None], params)[:, 0])
    return images, labels


def _resample(
    steps: Sequence[RandomStep], images: Tensor, labels: Tensor | None, rng: Generator
) -> tuple[Tensor, Tensor | None]:
    drawn = [(step, *_draw(step, images, rng)) for step in steps]
    drawn = [(step, index, params) for step, index, params in drawn if params is not None]
    if not drawn:
        return images, labels
    moved, union, positions = _sampled(drawn, images)
    if labels is not None:
        labels = _put(labels, union, sample_labels(_part(labels, union), positions))
    return moved, labels


def _sampled(drawn: Sequence[tuple[RandomStep, Tensor, object]], images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the images sampled anew, which of them changed, and the positions that these were sampled at."""
    union = torch.unique(torch.cat([index for _, index, _ in drawn]))
    positions = centred_positions(_part(images, union))
    for step, index, params in drawn:
        inside = torch.searchsorted(union, index)
        positions = _put(positions, inside, step.transform.apply(_part(positions, inside), params))
    return _put(images, union, sample_images(_part(images, union), positions)), union, positions


def _change_values(step: RandomStep, images: Tensor, rng: Generator) -> Tensor:
    index, params = _draw(step, images, rng)
    return images if params is None else _put(images, index, step.transform.apply(_part(images, index), params))


def _mix(step: RandomStep, images: Tensor, targets: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    index, params = _draw(step, images, rng)
    if params is None:
        return images, targets
    mixed = (_put(b, index, step.transform.apply(_part(b, index), params)) for b in (images, targets))
    return next(mixed), next(mixed)
