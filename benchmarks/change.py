"""Two visits of a body with known motion and growth: how far the measured ones are off.

Prints one JSON line for each pair: ``python benchmarks/change.py``. Motion is compared at 3000 points of the body,
volumes and their change with the ellipsoids' formulas. Masks are perfect outlines on voxels, so the volume's error is
that of voxels alone; how well lesions are outlined is measured elsewhere.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from diascope.change.reading import Wish
from diascope.change.stage import measure_change
from diascope.core.image import Image
from diascope.curate import read_dataset
from diascope.io import write_image
from diascope.physics.follow_up import ORGANS, Lesion, Motion, default_grid, draw_visits
from diascope.transforms.register import register

LESIONS = (
    Lesion((-45.3, 10.7, 30.4), (12, 10, 11), growth=1.6),
    Lesion((44.6, 0.3, 40.9), (11, 12, 9), growth=0.5),
    Lesion((-40.2, 0.8, -55.1), (14, 11, 10), growth=1.25),
    Lesion((40, 20, 0), (10, 9, 9), growth=0.0),
    Lesion((-50, -10, 60), (10, 9, 8), is_new=True),
)
PAIRS = {
    "rigid": (Motion((3, -2, 4), (6, -4, 8)), "rigid"),
    "far": (Motion((-8, 10, 12), (35, -20, 60)), "rigid"),
    "breathing": (Motion((2, 1, -3), (-5, 3, 6), breath_mm=8), "deformable"),
}
GRIDS = (default_grid((1.25, 1.25, 1.5), (180, 132, 160)), default_grid((1.5, 1.5, 2.0), (150, 110, 124)))
"""Both visits' voxels differ, as those of two protocols do."""


def body_points(count: int = 3000) -> np.ndarray:
    """Return points spread through the body, away from its surface."""
    radii = np.array(ORGANS[0][1]) * 0.95
    points = np.random.default_rng(1).uniform(-1, 1, (2 * count, 3)) * radii
    return points[np.linalg.norm(points / radii, axis=1) < 1][:count]


def measure(name: str, folder: Path) -> dict[str, object]:
    """Return one pair's errors: of motion in voxels (their smallest edge at the first visit), of volumes in percent.

    The error of the volume change is the mean over the lesions of both visits; the largest stands beside it.
    """
    motion, kind = PAIRS[name]
    visits = draw_visits(LESIONS, motion, grids=GRIDS, rng=np.random.default_rng(0))
    rows = ["patient,visit,image,mask"]
    for n, visit in enumerate(visits):
        write_image(folder / f"{name}_{n}.nii.gz", visit.image)
        mask = (visit.mask.array > 0).astype(np.uint8)
        write_image(folder / f"{name}_{n}_mask.nii.gz", Image(mask, visit.mask.geometry))
        rows.append(f"a,{n},{name}_{n}.nii.gz,{name}_{n}_mask.nii.gz")
    table = folder / f"{name}.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    begin = time.perf_counter()
    found = measure_change(read_dataset(table), Wish(alignment=kind)).change.patients[0]
    seconds = time.perf_counter() - begin
    errors, states = compare(found, motion)
    begin = time.perf_counter()
    lesions = (visits[0].mask.array[0] > 0, visits[1].mask.array[0] > 0)
    alignment = register(visits[0].image, visits[1].image, upto=kind, left_out=lesions)
    points = body_points()
    off = np.linalg.norm(alignment.points(points) - motion.forward(points), axis=1)
    voxel = min(GRIDS[0].steps)
    return {
        "pair": name,
        "alignment": alignment.kind,
        "motion_error_voxels": float(off.mean() / voxel),
        "motion_error_mm": float(off.mean()),
        "motion_error_max_mm": float(off.max()),
        "volume_change_error_percent": sum(errors) / len(errors),
        "volume_change_error_max_percent": max(errors),
        "volume_change_errors_percent": [round(e, 3) for e in errors],
        "states": states,
        "states_right": float(states == ["kept", "kept", "kept", "gone", "new"]),
        "seconds": round(seconds, 1),
        "align_seconds": round(time.perf_counter() - begin, 1),
    }


def squeeze(motion: Motion, lesion: Lesion) -> float:
    """Return by which factor the motion itself changes a lesion's volume at the second visit.

    The mean over the lesion of the map's Jacobian, by differences over .1 mm at points spread through it.
    """
    radii = np.array(lesion.radii_mm) * lesion.growth ** (1 / 3)
    spread = np.random.default_rng(2).uniform(-1, 1, (4000, 3))
    points = np.array(lesion.centre_mm) + spread[np.linalg.norm(spread, axis=1) < 1] * radii
    slopes = [(motion.forward(points + d) - motion.forward(points - d)) / 0.1 for d in 0.05 * np.eye(3)]
    return float(np.linalg.det(np.stack(slopes, axis=-1)).mean())


def compare(found, motion: Motion) -> tuple[list[float], list[str]]:
    """Return the error of each kept lesion's volume at the second visit, in % of the truth, and all states in order."""
    truth = {n: lesion for n, lesion in enumerate(LESIONS)}
    errors, states = [], {}
    for lesion in found.lesions:
        first, last = lesion.visits[0], lesion.visits[-1]
        volume = first.volume_ml.value
        known = min(truth, key=lambda n: abs(truth[n].volume_ml(1 if truth[n].is_new else 0) - volume))
        states[known] = last.state
        if last.state == "kept":
            ratio = 1 + last.volume_change_percent.value / 100
            errors.append(100 * abs(ratio / (truth[known].growth * squeeze(motion, truth[known])) - 1))
    return errors, [states.get(n, "missed") for n in sorted(truth)]


def main() -> None:
    """Measure every pair."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PAIRS:
            print(json.dumps(measure(name, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
