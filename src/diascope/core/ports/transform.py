"""A random transform of a batch: all randomness is drawn apart from being applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class RandomTransform:
    """One random transform.

    Attributes:
        name: the plug-in's name.
        stage: what ``apply`` changes. ``exact``: images and label maps alike, without interpolation. ``grid``: the
            positions that are sampled; all of them share one interpolation. ``image``: values only. ``mix``: images
            and vector targets alike.
        rank: order within the stage, low first.
        switches: option → its meaning and unit; the transform acts where one of them is given and is not 0 or empty.
        settings: further options that it reads, alike.
        draw: ``(rng, shape, options) -> params`` for the samples that act; ``shape`` is their batch's
            ``(B, C, *spatial)``. None where it does not suit that shape.
        apply: ``(batch, params) -> batch``, without any randomness; the input is left as it is. The batch is images
            ``(B, C, *spatial)``, and label maps ``(B, 1, *spatial)`` or targets ``(B, O)`` as the stage says; for
            ``grid`` it is positions ``(B, ndim, *spatial)`` in voxels from the image's centre.
        move_boxes: ``(boxes (B, M, 2 ndim + 1), params, size) -> boxes`` as ``apply`` moves what they lie around; rows
            of nan are no boxes. For ``exact`` and ``grid`` only; None there refuses boxes.
    """

    name: str
    stage: Literal["exact", "grid", "image", "mix"]
    rank: int
    switches: Mapping[str, str]
    settings: Mapping[str, str]
    draw: Callable[[Any, tuple[int, ...], Mapping[str, Any]], Any]
    apply: Callable[[Any, Any], Any]
    move_boxes: Callable[[Any, Any, tuple[int, ...]], Any] | None = None


@dataclass(frozen=True)
class RandomStep:
    """One random transform with its options and the probability that a sample undergoes it."""

    transform: RandomTransform
    options: Mapping[str, Any]
    probability: float
