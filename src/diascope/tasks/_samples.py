"""What tasks share whose metrics are over numbers or over events."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.families import METRICS
from diascope.core.ports.samples import Weighted
from diascope.core.ports.task import Aggregate, Measure


def measure_of(sample: Weighted, names: Sequence[str]) -> Measure:
    """Return what gives each metric over the cases picked; none of them has values of classes."""
    metrics = {name: METRICS.load(name).compute for name in names}

    def measure(index: NDArray[np.intp]) -> Aggregate:
        picked = sample.take(index)
        return {name: (float(compute(picked)), None) for name, compute in metrics.items()}

    return measure


def rounded(value: float) -> float | None:
    """Return a number with six digits, as a person reads it; None where it is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
