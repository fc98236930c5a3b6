"""What a model that finds objects is held against: a classical method that looks at the image, and a constant count."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.instances import connected_parts
from diascope.core.ports.task import Example

SMOOTHING = 1.0
"""Standard deviation in voxels of the smoothing before the threshold and of the distances (chosen here)."""

SMALLEST_SHARE, APART_SHARE = 0.5, 0.5
"""The smallest object is half of the reference's smallest 2 %, and marks lie half of its median radius apart."""


def fit_constant_count(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what answers with the median number of the training cases' objects, whatever the image; ``()``."""
    counts = [len(_sizes(e.reference)) for e in examples if e.reference is not None]
    median = np.array(float(np.median(counts)) if counts else 0.0)
    return lambda example: median


def fit_otsu_watershed(target: Target, examples: Iterable[Example]) -> Callable[[Example], NDArray]:
    """Return what separates objects by Otsu's threshold and a watershed of the distance to their edge.

    From the training cases it takes whether objects are brighter than what is around them, the smallest object, and
    how far apart two marks lie at least: what a person would set by hand.
    Source: Otsu 1979; Beucher and Lantuéjoul 1979; as in scikit-image's and CellProfiler's standard recipes.
    """
    brighter, sizes, ndim = 0, [], 2
    for example in examples:
        if example.reference is None or example.image is None or not example.reference.any():
            continue
        grey, inside = _grey(example.image), example.reference > 0
        brighter += 1 if grey[inside].mean() >= (grey[~inside].mean() if not inside.all() else 0) else -1
        sizes.append(_sizes(example.reference))
        ndim = inside.ndim
    every = np.concatenate(sizes) if sizes else np.ones(1)
    smallest = max(1, int(SMALLEST_SHARE * np.quantile(every, 0.02)))
    radius = (np.median(every) * (1 / np.pi if ndim == 2 else 3 / (4 * np.pi))) ** (1 / ndim)
    apart = max(1, round(APART_SHARE * float(radius)))
    sign = 1.0 if brighter >= 0 else -1.0
    return lambda example: separate_by_distance(sign * _grey(example.image), smallest=smallest, apart=apart)


def separate_by_distance(grey: NDArray, *, smallest: int, apart: int) -> NDArray[np.int32]:
    """Return the instance map of what is brighter than Otsu's threshold."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter
    from skimage.feature import peak_local_max
    from skimage.filters import threshold_otsu
    from skimage.segmentation import watershed

    smooth = gaussian_filter(grey, SMOOTHING)
    if np.ptp(smooth) == 0:
        return np.zeros(grey.shape, np.int32)
    inside = smooth > threshold_otsu(smooth)
    depth = np.asarray(distance_transform_edt(inside))
    clumps, _ = connected_parts(inside)
    peaks = peak_local_max(gaussian_filter(depth, SMOOTHING), min_distance=apart, labels=clumps, exclude_border=False)
    marks = np.zeros(grey.shape, np.int32)
    marks[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    found = watershed(-depth, marks, mask=inside)
    small = np.bincount(found.ravel()) < smallest
    return np.where(small[found], 0, found).astype(np.int32)


def _grey(image: NDArray | None) -> NDArray[np.float32]:
    if image is None:
        raise ValueError("this baseline looks at the image")
    return np.asarray(image, np.float32).mean(axis=0)


def _sizes(reference: NDArray) -> NDArray[np.intp]:
    return np.unique(reference[reference != 0], return_counts=True)[1]
