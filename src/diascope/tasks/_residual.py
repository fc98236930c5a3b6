"""What principal components leave of an image: the simplest look at what is unlike normal images."""

from collections.abc import Callable, Iterable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.ports.task import Example

EDGE = {2: 32, 3: 16}
"""Pixels that a picture's or volume's longer edge is brought to (chosen here: some hundred images then fit quickly)."""
COMPONENTS = 10
"""Kept components (chosen here: best of 5 to 200 on the validation part of pneumoniamnist, docs/lab-log.md)."""

LEAST = 1e-9
"""Instead of 0, which in a map stands for what was cut off."""


def fit_residual(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray[np.float32]]:
    """Return what gives each pixel's squared residual on the image's grid; ``examples`` are normal cases with image.

    Every image is standardised by itself. Without examples nothing is expected of an image but its own mean.
    """
    images = [e.image for e in examples if e.image is not None]
    if not images:
        return lambda example: _on_grid(_small(_image(example), _shape(_image(example).shape[1:])) ** 2, example)
    shape = _shape(np.median([i.shape[1:] for i in images], axis=0))
    rows = np.stack([_small(image, shape).ravel() for image in images])
    mean = rows.mean(axis=0)
    components = np.linalg.svd(rows - mean, full_matrices=False)[2][:COMPONENTS]

    def predict(example: Example) -> NDArray[np.float32]:
        row = _small(_image(example), shape).ravel() - mean
        return _on_grid(((row - (row @ components.T) @ components) ** 2).reshape(shape), example)

    return predict


def _image(example: Example) -> NDArray:
    if example.image is None:
        raise ValueError("this baseline looks at images")
    return example.image


def _shape(size: Iterable[float]) -> tuple[int, ...]:
    """Return the size that images are brought to, keeping their proportions."""
    edges = [float(n) for n in size]
    scale = min(1.0, EDGE[len(edges)] / max(edges))
    return tuple(max(1, round(n * scale)) for n in edges)


def _small(image: NDArray, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the mean of an image's channels at a size, with mean 0 and standard deviation 1."""
    small = _resized(np.nan_to_num(np.asarray(image, np.float64)).mean(axis=0), shape)
    return (small - small.mean()) / max(float(small.std()), 1e-6)


def _resized(array: NDArray, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return an array at another size: blocks averaged where it shrinks, then linear."""
    from scipy.ndimage import uniform_filter, zoom

    if array.shape == tuple(shape):
        return array
    smooth = uniform_filter(array, size=[max(1, ceil(a / b)) for a, b in zip(array.shape, shape, strict=True)])  # pyright: ignore[reportArgumentType]
    ratios = [b / a for a, b in zip(array.shape, shape, strict=True)]
    return np.asarray(zoom(smooth, ratios, order=1, grid_mode=True, mode="nearest"), np.float64)


def _on_grid(residual: NDArray, example: Example) -> NDArray[np.float32]:
    shape = _image(example).shape[1:]
    return np.maximum(_resized(residual, shape), LEAST).astype(np.float32)
