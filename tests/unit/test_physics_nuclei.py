"""Generated nuclei."""

import numpy as np
import pytest

from diascope.core.errors import GeometryError
from diascope.figures.instances import _touching
from diascope.physics.nuclei import RADII, make_nuclei


def made(seed: int = 0, **options):
    return make_nuclei(np.random.default_rng(seed), (160, 160), **options)


def test_same_seed_gives_the_same_picture():
    assert (made().image == made().image).all()
    assert (made().instances != made(1).instances).any()


def test_nuclei_come_in_three_sizes_and_many_touch():
    sizes = np.concatenate([np.bincount(made(seed).instances.ravel())[1:] for seed in range(4)])
    radii = np.sqrt(sizes / np.pi)
    for wanted in RADII:
        assert ((radii > 0.8 * wanted) & (radii < 1.25 * wanted)).sum() >= 3
    touching = {n for pair in _touching(made().instances) for n in pair}
    assert len(touching) > 0.5 * made().instances.max()


def test_without_touching_none_touch():
    assert not _touching(made(touching=0.0, cover=0.1).instances)


def test_nuclei_are_brighter_than_what_is_around_them():
    one = made()
    assert one.image[one.instances > 0].mean() > 2 * one.image[one.instances == 0].mean()


def test_volumes_are_made_alike():
    volume = make_nuclei(np.random.default_rng(0), (24, 40, 40), radii=(4.0, 6.0))
    assert volume.image.shape == volume.instances.shape == (24, 40, 40)
    assert volume.instances.max() > 5


def test_one_axis_is_refused():
    with pytest.raises(GeometryError, match="2 or 3 axes"):
        make_nuclei(np.random.default_rng(0), (30,))
