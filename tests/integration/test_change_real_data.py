"""A real scan that is moved by a known motion: what is found is that motion."""

from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Source
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.io import read_image
from diascope.physics.follow_up import Motion
from diascope.transforms.alignment import bring_back, is_inside, middle_of, to_world
from diascope.transforms.register import register

pytest.importorskip("SimpleITK", reason="alignment comes with the extra 'registration'")
MARGIN = np.array([22, 20, 6])
"""Voxels cut off the moved scan, so that it shows nothing that the first one does not."""


@pytest.mark.data
@pytest.mark.parametrize(("name", "noise"), [("CT", 15.0), ("MR_T1", 5.0)])
def test_motion_of_a_real_scan_is_found_to_a_fifth_of_a_voxel(name: str, noise: float, shared_data: Path):
    folder = shared_data / "sts_petct/nifti/STS_002"
    image = read_image(folder, Source(path=f"{name}_image.nii.gz"))
    grid, middle, motion = image.geometry, np.array(middle_of(image.geometry)), Motion((3, -2, 5), (9, -7, 12))
    affine = grid.affine.copy()
    affine[:3, 3] = to_world(grid, MARGIN[None])[0]
    smaller = Geometry(tuple(int(n) for n in np.array(grid.shape) - 2 * MARGIN), affine)
    moved = bring_back(image, smaller, lambda x: motion.backward(x - middle) + middle, labels=False).array
    noisy = moved + np.random.default_rng(0).normal(0, noise, moved.shape).astype(np.float32)
    found = register(image, Image(noisy, smaller, image.unit, image.modality), upto="rigid")
    points = to_world(grid, np.argwhere(image.array[0] > np.percentile(image.array, 60))[::50])
    truth = motion.forward(points - middle) + middle
    shown = is_inside(smaller, truth)
    error = np.linalg.norm(found.points(points) - truth, axis=1)[shown].mean()
    assert error < 0.2 * min(grid.steps)
