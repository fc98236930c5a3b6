"""Small patients with several visits that tests write: a coarse body, and lesions as boxes where only masks matter."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from made_data import write_nifti, write_table

from diascope.core.geometry import Geometry
from diascope.physics.follow_up import Lesion, Motion, Visit, default_grid, draw_visits

SMALL = default_grid((5.0, 5.0, 6.0), (46, 34, 40))
LESIONS = (
    Lesion((-45.3, 10.7, 30.4), (16, 13, 15), growth=1.6),
    Lesion((44.6, 0.3, 40.9), (14, 15, 12), growth=0.4),
    Lesion((40.1, 10.3, -10.2), (11, 12, 13), growth=0.0),
)


def small_pair(motion: Motion, grids: tuple[Geometry, Geometry] = (SMALL, SMALL)) -> tuple[Visit, Visit]:
    """Return two visits of a body on a coarse grid, which a test can align in a second."""
    return draw_visits(LESIONS, motion, grids=grids, rng=np.random.default_rng(0))


def write_visits(
    folder: Path, visits: Sequence[Visit], names: Sequence[str], patient: str = "CANARY-Doe"
) -> list[dict[str, object]]:
    """Write images and masks of one patient, and return the rows of the table; ``names`` are the visits."""
    rows: list[dict[str, object]] = []
    for visit, name in zip(visits, names, strict=True):
        stem = f"scan_{len(list(folder.glob('*_mask.nii.gz')))}"
        for array, file in ((visit.image.array, f"{stem}.nii.gz"), (visit.mask.array > 0, f"{stem}_mask.nii.gz")):
            kind = np.int16 if array.dtype != bool else np.uint8
            write_nifti(folder / file, array[0].astype(kind), visit.image.geometry.affine)
        rows.append({"patient": patient, "visit": name, "image": f"{stem}.nii.gz", "mask": f"{stem}_mask.nii.gz"})
    return rows


def write_boxes(
    folder: Path,
    visits: Sequence[Sequence[tuple[int, int, int, int]]],
    *,
    names: Sequence[object] | None = None,
    patient: str = "a",
    spacing: float | Sequence[float] = 2.0,
) -> list[dict[str, object]]:
    """Write one patient whose lesions are boxes ``(i, j, k, edge)`` in voxels of 48 x 40 x 24, over one noisy image."""
    steps = np.broadcast_to(spacing, (len(visits),))
    rows: list[dict[str, object]] = []
    for n, boxes in enumerate(visits):
        affine = np.diag([steps[n]] * 3 + [1.0])
        image = np.random.default_rng(100 * len(patient) + n).normal(100, 10, (48, 40, 24)).astype(np.int16)
        mask = np.zeros(image.shape, np.uint8)
        for i, j, k, edge in boxes:
            mask[i : i + edge, j : j + edge, k : k + edge] = 1
        stem = f"{patient}_{n}"
        write_nifti(folder / f"{stem}.nii.gz", image, affine)
        write_nifti(folder / f"{stem}_mask.nii.gz", mask, affine)
        visit = (names or range(len(visits)))[n]
        rows.append({"patient": patient, "visit": visit, "image": f"{stem}.nii.gz", "mask": f"{stem}_mask.nii.gz"})
    return rows


def write_one(folder: Path, visits: Sequence[Sequence[tuple[int, int, int, int]]], **more: object) -> Path:
    """Write one patient of boxes with the table ``visits.csv``, and return that."""
    return write_table(folder / "visits.csv", write_boxes(folder, visits, **more))  # type: ignore[arg-type]
