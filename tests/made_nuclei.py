"""Small data sets of generated nuclei, in the layouts that they come in."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from made_data import write_nifti, write_png

from diascope.physics.nuclei import Nuclei, make_nuclei


def nuclei(seed: int, shape: tuple[int, ...] = (48, 56), **options: float | Sequence[float]) -> Nuclei:
    """Return a small picture with nuclei of two sizes."""
    return make_nuclei(np.random.default_rng(seed), shape, **({"radii": (4.0, 7.0)} | options))  # type: ignore[arg-type]


def write_pairs(root: Path, count: int = 12, shape: tuple[int, ...] = (48, 56)) -> Path:
    """Write images beside 16-bit instance maps, as PNG or, with three axes, as NIfTI."""
    for n in range(count):
        made = nuclei(n, shape)
        for folder, array in (("images", made.image), ("masks", made.instances)):
            if len(shape) == 2:
                write_png(root / folder / f"n{n:02d}.png", array)
            else:
                write_nifti(root / folder / f"n{n:02d}.nii.gz", array, np.diag([0.5, 0.5, 0.5, 1.0]))
    return root


def write_object_masks(root: Path, count: int = 6) -> Path:
    """Write the layout of the Data Science Bowl 2018: a folder an image, with one mask a nucleus."""
    for n in range(count):
        made, name = nuclei(n), f"{n:04x}"
        write_png(root / name / "images" / f"{name}.png", made.image)
        for number in range(1, int(made.instances.max()) + 1):
            mask = ((made.instances == number) * 255).astype(np.uint8)
            write_png(root / name / "masks" / f"m{number:03d}.png", mask)
    return root
