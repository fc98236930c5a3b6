"""Three maps to separate objects, and the thresholds that do it best on validation data.

The maps are those of ``losses/instances.py``: foreground, depth and contact, as whole numbers from 0 to 255.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.calibration import Calibration
from diascope.core.families import METRICS
from diascope.core.instances import FIELDS, connected_parts, match_instances
from diascope.core.ports.metric import Matching
from diascope.core.ports.task import Head

FULL = 255
"""What a map holds for certain."""

FOREGROUNDS = (0.3, 0.4, 0.5, 0.6, 0.7)
SEEDS = (0.2, 0.3, 0.4, 0.5, 0.6)
"""What is tried (chosen here: on generated nuclei the best seed lay between .3 and .4, and PQ was flat about it)."""

CONTACT_IN_MARKS = 0.5
"""How much of its depth a sure contact takes from a voxel where marks are looked for; flooding takes all (chosen here:
on generated nuclei PQ .793 against .792 with 1 and .777 with 0, and small objects in volumes stay whole)."""

SMALLEST_QUANTILES = (0.005, 0.01, 0.02, 0.05)
"""Of the reference objects' sizes: half of each is tried as the smallest size (chosen here)."""

MOST_CASES = 40
"""Cases that are fitted on, evenly spread: separating one a dozen times takes up to seconds (chosen here)."""


@dataclass(frozen=True)
class Thresholds:
    """How objects are told from what is around them, and from each other.

    Attributes:
        foreground: from which share of 1 a voxel belongs to any object.
        seed: how deep a voxel lies at least that marks an object, as a share of 1.
        smallest: voxels of the smallest object; smaller ones are dropped.
    """

    foreground: float = 0.5
    seed: float = 0.35
    smallest: int = 1

    @classmethod
    def of(cls, calibration: Calibration) -> "Thresholds":
        """Return what was fitted; the defaults where nothing was."""
        numbers = {name: found[0] for name, found in calibration.numbers.items() if name in cls.__annotations__}
        return cls(**{**numbers, "smallest": int(numbers.get("smallest", cls.smallest))})

    def numbers(self) -> dict[str, tuple[float, ...]]:
        """Return them as a calibration keeps them."""
        return {"foreground": (self.foreground,), "seed": (self.seed,), "smallest": (float(self.smallest),)}


def separate(maps: NDArray[np.uint8], thresholds: Thresholds) -> NDArray[np.int32]:
    """Return the instance map ``(I, J[, K])`` of maps ``(3, I, J[, K])``.

    Every connected part of what is deep enough and hardly a contact marks one object; from these the foreground is
    flooded (watershed), the deepest and those without contact first. A part of the foreground without any mark is an
    object of its own. It is done clump by clump, so that memory grows with the largest one only, beside the result.
    """
    from scipy.ndimage import find_objects

    clumps, _ = connected_parts(maps[0] >= max(1, round(thresholds.foreground * FULL)))
    result = np.zeros(clumps.shape, np.int32)
    last = 0
    for number, box in enumerate(find_objects(clumps), 1):
        inside = clumps[box] == number
        found = _separate_clump(maps[(slice(None), *box)], inside, thresholds.seed)
        sizes = np.bincount(found.ravel())
        kept = sizes >= max(1, thresholds.smallest)
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept) + last, 0)
        result[box][inside] = numbers[found[inside]]
        last += int(kept.sum())
    return result


def _separate_clump(maps: NDArray[np.uint8], inside: NDArray[np.bool_], seed: float) -> NDArray[np.int32]:
    from skimage.segmentation import watershed

    depth, contact = maps[1].astype(np.float32), maps[2].astype(np.float32) / FULL
    marks, count = connected_parts(inside & (depth * (1 - CONTACT_IN_MARKS * contact) >= seed * FULL))
    return watershed(-depth * (1 - contact), marks, mask=inside) if count > 1 else inside.astype(np.int32)


def fit_instances(
    calibration: Calibration, predictions: Sequence[NDArray], references: Sequence[NDArray], head: Head
) -> Calibration:
    """Return the calibration with the thresholds of the best panoptic quality, found one after the other.

    First how deep a mark lies, then the foreground, then the smallest object; among equal ones the first that was
    tried stays. Predictions are maps ``(3, I, J[, K])``, references instance maps.
    """
    kept = np.unique(np.linspace(0, len(references) - 1, min(MOST_CASES, len(references))).round().astype(int))
    pairs = [(predictions[i], references[i]) for i in kept]
    best = Thresholds()
    if not any(reference.any() for _, reference in pairs):
        return calibration.model_copy(update={"numbers": {**calibration.numbers, **best.numbers()}})
    best = _best(pairs, best, [replace(best, seed=s) for s in SEEDS])
    best = _best(pairs, best, [replace(best, foreground=f) for f in FOREGROUNDS])
    best = _best(pairs, best, [replace(best, smallest=n) for n in _sizes(reference for _, reference in pairs)])
    return calibration.model_copy(update={"numbers": {**calibration.numbers, **best.numbers()}})


def _best(pairs: Sequence[tuple[NDArray, NDArray]], now: Thresholds, tried: Iterable[Thresholds]) -> Thresholds:
    found = {thresholds: _quality(pairs, thresholds) for thresholds in dict.fromkeys((now, *tried))}
    return max(found, key=lambda thresholds: found[thresholds])


def _quality(pairs: Sequence[tuple[NDArray, NDArray]], thresholds: Thresholds) -> float:
    rows = [match_instances(reference, separate(maps, thresholds)) for maps, reference in pairs]
    columns = {name: np.array([row[name] for row in rows]) for name in FIELDS}
    every = Matching(**columns, size=np.full(len(rows), np.nan), weight=np.ones(len(rows)))
    return METRICS.load("pq").compute(every)


def _sizes(references: Iterable[NDArray]) -> list[int]:
    """Return sizes to try as the smallest."""
    sizes = np.concatenate([np.unique(r[r > 0], return_counts=True)[1] for r in references])
    return sorted({max(1, int(n / 2)) for n in np.quantile(sizes, SMALLEST_QUANTILES)})
