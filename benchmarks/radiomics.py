"""Time of the IBSI measures on a ball 100 voxels wide and on a full block of 100x100x100 voxels, 32 grey levels.

    python benchmarks/radiomics.py [--repeats 3]

Prints one JSON line: processor seconds of each group (median of the repeats) and of all, for noise and a smooth image,
and the peak memory.
"""

import argparse
import json
import resource
import statistics
import time

import numpy as np

SIDE, SMOOTHNESS = 100, 2.0


def main() -> None:
    """Measure and print."""
    from scipy.ndimage import gaussian_filter

    from diascope.core.families import MEASURES
    from diascope.core.ports.measure import Region

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    noise = np.random.default_rng(0).normal(size=(SIDE,) * 3).astype(np.float32)
    axes = np.ogrid[tuple(slice(-(SIDE - 1) / 2, SIDE / 2) for _ in range(3))]
    ball = sum(a**2 for a in axes) <= (SIDE / 2) ** 2
    measures = {name: MEASURES.load(name) for name in MEASURES.names() if name.startswith("ibsi_")}
    seconds: dict[str, dict[str, float]] = {}
    for look, image in (("noise", noise), ("smooth", gaussian_filter(noise, SMOOTHNESS))):
        for form, mask in (("block", np.ones_like(ball)), ("ball", ball)):
            region = Region(mask=mask, image=image, spacing_mm=(1.0, 1.0, 1.0))
            taken = {name: [] for name in measures}
            for _ in range(repeats):
                for name, measure in measures.items():
                    start = time.process_time()
                    measure.compute(region, {})
                    taken[name].append(time.process_time() - start)
            each = {name: round(statistics.median(times), 2) for name, times in taken.items()}
            seconds[f"{look}_{form}"] = {"all": round(sum(each.values()), 2), **each}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak_gib": round(peak, 2)}))


if __name__ == "__main__":
    main()
