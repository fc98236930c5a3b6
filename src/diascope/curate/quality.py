"""Measures of image quality, each one number a case, from a sample of its slices.

They are made to find the odd ones in a data set, not to be compared between data sets: ``rank`` tells how far a case
stands out among its own kind. docs/curation.md lists the measures with their sources.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from diascope.core.image import Image

SLICES, EDGE = 3, 192
"""Slices looked at, and the longest edge of their central part (chosen here: 260 hippocampus volumes take 1 s)."""

COARSE_EDGE = 256
"""Ghosts and uneven brightness are measured on every nth voxel of larger slices, with at most this as longest edge."""

SMALLEST_EDGE = 8
"""Below this, a slice says nothing about noise or blur."""

LARGEST = 1e30
"""A slice with larger values is not measured: float32 would overflow (chosen here; no scanner writes such values)."""

OUTLYING = 3.5
"""Robust z-score from which a case stands out (Iglewicz and Hoaglin 1993)."""


@dataclass(frozen=True)
class Measure:
    """One measure: what it finds, and how it is named in ``inspect``. Higher is worse."""

    name: str
    finds: str


MEASURES = (
    Measure("noise", "noise"),
    Measure("blur", "blur"),
    Measure("motion", "motion or other ghosts inside the image"),
    Measure("ghosting", "ghosts in the background"),
    Measure("clipping", "voxels cut off at the highest value"),
    Measure("bias", "uneven brightness"),
    Measure("border", "burned-in border"),
)


def measure_quality(image: Image) -> dict[str, float]:
    """Return the measures by name, from the first channel; one that is undefined for this image is absent."""
    slices = [s for s in _slices(image) if min(s.shape) >= SMALLEST_EDGE and s.min() > -LARGEST and s.max() < LARGEST]
    slices = [s for s in (np.asarray(s, np.float32) for s in slices) if np.ptp(s) > 0]
    if not slices:
        return {}
    parts = [_central(s) for s in slices]
    coarse = [s[:: -(-max(s.shape) // COARSE_EDGE), :: -(-max(s.shape) // COARSE_EDGE)] for s in slices]
    found = {
        "noise": [_noise(p) for p in parts],
        "blur": [_blur(p) for p in parts],
        "motion": [_entropy_focus(s) for s in coarse],
        "ghosting": [_ghosting(s) for s in coarse],
        "clipping": [_clipping(s) for s in slices],
        "bias": [_bias(s) for s in coarse],
        "border": [_border(s) for s in slices],
    }
    finite = {name: [v for v in values if np.isfinite(v)] for name, values in found.items()}
    return {name: float(np.median(values)) for name, values in finite.items() if values}


def _slices(image: Image) -> list[NDArray]:
    """Return slices from the middle half, across the axis with the largest step; a picture is its own slice."""
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow makes a slice that is not measured
        still = image.frames[:, image.frames.shape[1] // 2]  # of a clip the middle frame
        array = still[0] if len(still) != 3 else still.mean(axis=0)
    if array.ndim == 2:
        return [array]
    axis = int(np.argmax(image.geometry.steps))
    count = array.shape[axis]
    picks = np.unique(np.linspace(count * 0.25, count * 0.75, SLICES).astype(int).clip(0, count - 1))
    return [np.take(array, n, axis=axis) for n in picks]


def _central(slice_: NDArray) -> NDArray:
    start = [max(0, (n - EDGE) // 2) for n in slice_.shape]
    return slice_[start[0] : start[0] + EDGE, start[1] : start[1] + EDGE]


def _contrast(slice_: NDArray) -> float:
    """Return the span of the central 98 % of the values, at least a trifle."""
    low, high = np.percentile(slice_, [1, 99])
    return float(max(high - low, 1e-6 * max(1.0, abs(float(high)))))


def _noise(part: NDArray) -> float:
    """Return the noise's standard deviation over the contrast (Immerkær 1996, equation 4)."""
    x = part
    second = x[:-2] - 2 * x[1:-1] + x[2:]
    mask = second[:, :-2] - 2 * second[:, 1:-1] + second[:, 2:]
    sigma = np.sqrt(np.pi / 2) / 6 * float(np.abs(mask).mean())
    return sigma / _contrast(part)


def _blur(part: NDArray) -> float:
    """Return the blur, 0 (sharp) to 1 (Crété et al. 2007): how little changes when it is blurred once more.

    Undefined (nan) where the part does not change along one of its axes: there is nothing to blur.
    """
    from skimage.measure import blur_effect

    if not (np.ptp(part, axis=0).any() and np.ptp(part, axis=1).any()):
        return float("nan")
    return cast(float, blur_effect(part, h_size=11))


def _entropy_focus(slice_: NDArray) -> float:
    """Return the entropy focus criterion, 0 to 1 (Atkinson et al. 1997): ghosts and blur spread the energy."""
    x = slice_.astype(np.float64) - float(slice_.min())
    energy = np.sqrt((x**2).sum())
    if energy == 0:
        return float("nan")
    p = x[x > 0] / energy
    largest = np.sqrt(x.size) * np.log(np.sqrt(x.size))
    return float(-(p * np.log(p)).sum() / largest)


def _ghosting(slice_: NDArray) -> float:
    """Return the ghost-to-signal ratio (Giannelli et al. 2010): the object moved by half the image, where it meets air.

    Undefined (nan) where the picture has no background to see a ghost in.
    """
    x = slice_.astype(np.float64)
    threshold = _otsu(x)
    inside = x > threshold
    share = inside.mean()
    if not 0.02 < share < 0.5 or inside[0].mean() > 0.5:
        return float("nan")
    signal = float(np.median(x[inside])) - float(np.median(x[~inside]))
    ratios = []
    for axis in (0, 1):
        moved = np.roll(inside, x.shape[axis] // 2, axis=axis)
        ghost, air = moved & ~inside, ~moved & ~inside
        if ghost.sum() > 16 and air.sum() > 16 and signal > 0:
            ratios.append(float(x[ghost].mean() - x[air].mean()) / signal)
    return max(ratios) if ratios else float("nan")


def _otsu(x: NDArray) -> float:
    """Return the threshold that separates two classes best (Otsu 1979), from 128 bins."""
    counts, edges = np.histogram(x, 128)
    centres = (edges[:-1] + edges[1:]) / 2
    low = np.cumsum(counts)
    high = low[-1] - low
    mean_low = np.cumsum(counts * centres) / np.maximum(low, 1)
    mean_high = ((counts * centres).sum() - np.cumsum(counts * centres)) / np.maximum(high, 1)
    return float(centres[np.argmax(low * high * (mean_low - mean_high) ** 2)])


def _clipping(slice_: NDArray) -> float:
    """Return the share of voxels at the very highest value (saturation)."""
    return float((slice_ == slice_.max()).mean())


def _bias(slice_: NDArray) -> float:
    """Return the spread of a smooth field fitted to the logarithm of the object's brightness.

    The field is a polynomial of second order, the model of parametric bias correction (Styner et al. 2000).
    """
    x = slice_[:: max(1, slice_.shape[0] // 48), :: max(1, slice_.shape[1] // 48)].astype(np.float64)
    x = x - x.min()
    inside = x > _otsu(x)
    if inside.sum() < 64:
        return float("nan")
    i, j = (np.indices(x.shape) / (np.array(x.shape).reshape(2, 1, 1) - 1) * 2 - 1)[:, inside]
    basis = np.stack([np.ones_like(i), i, j, i * j, i * i, j * j], 1)
    values = np.log(x[inside])
    field = basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
    return float(field.std())


def _border(slice_: NDArray) -> float:
    """Return the share of the picture outside the smallest box with any structure: rows and columns of one value.

    Undefined (nan) where all rows or all columns are of one value, as in a ramp: no box has structure then.
    """
    rows = np.flatnonzero(np.ptp(slice_, axis=1) > 0)
    columns = np.flatnonzero(np.ptp(slice_, axis=0) > 0)
    if not (rows.size and columns.size):
        return float("nan")
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    return 1 - float(box / slice_.size)


def robust_z(values: Sequence[float]) -> NDArray[np.float64]:
    """Return each value's distance from the median in robust standard deviations; zeros where all are equal.

    The deviation is 1.4826 times the median absolute deviation, or 1.2533 times the mean one where more than half of
    the values are equal (Iglewicz and Hoaglin 1993).
    """
    x = np.asarray(values, np.float64)
    away = x - np.median(x)
    scale = 1.4826 * np.median(np.abs(away)) or 1.2533 * np.abs(away).mean()
    return away / scale if scale > 0 else np.zeros_like(x)


def rank(measured: Mapping[str, Mapping[str, float]], name: str) -> list[tuple[str, float]]:
    """Return case and robust z-score by one measure, the worst first."""
    ids = [i for i, found in measured.items() if name in found]
    if len(ids) < 3:
        return []
    z = robust_z([measured[i][name] for i in ids])
    return sorted(zip(ids, z.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
