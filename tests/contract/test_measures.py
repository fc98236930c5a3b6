"""What every measure must do, whichever it is."""

import math

import numpy as np
import pytest

from diascope.core.families import MEASURES
from diascope.core.ports.measure import Region
from diascope.measure.stage import column

ALL = MEASURES.all()
OPTIONS = {"unit": "SUV"}
SHAPES = {2: (40, 44), 3: (26, 24, 22)}
SPACING = {2: (0.5, 0.7), 3: (2.0, 2.0, 3.0)}
CASES = [(name, ndim) for name, measure in ALL.items() for ndim in measure.ndims]


def ball(ndim: int, radius: float) -> np.ndarray:
    axes = [np.arange(n) - (n - 1) / 2 for n in SHAPES[ndim]]
    return sum(a**2 for a in np.ix_(*axes)) <= radius**2


def region(ndim: int, *, spacing: bool = True, scale: float = 1.0) -> Region:
    """Return a cup in its disc (which are a ball and a shell to all other measures)."""
    edges = tuple(s * scale for s in SPACING[ndim])
    image = np.random.default_rng(0).uniform(1, 9, SHAPES[ndim]).astype(np.float32)
    return Region(
        mask=ball(ndim, 7),
        affine=np.diag([*(*edges, 1.0)[:3], 1.0]) if spacing else None,
        spacing_mm=edges if spacing else None,
        image=image,
        unit="SUV",
        others={"disc": ball(ndim, 10)},
        name="cup",
    )


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_quantities_are_those_that_are_named_in_their_order_and_unit(name: str, ndim: int):
    taken = ALL[name].compute(region(ndim), OPTIONS)
    assert {key: q.unit for key, q in taken.items()} == ALL[name].names(ndim, OPTIONS)
    assert list(taken) == list(ALL[name].names(ndim, OPTIONS))


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_plain_region_has_every_number_within_its_bounds(name: str, ndim: int):
    for key, quantity in ALL[name].compute(region(ndim), OPTIONS).items():
        assert math.isfinite(quantity.value), key
        if quantity.low is not None and quantity.high is not None:
            assert quantity.low <= quantity.value <= quantity.high, key


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_undefined_number_says_why(name: str, ndim: int):
    one = np.zeros(SHAPES[ndim], bool)
    one[(3,) * ndim] = True
    image = np.full(SHAPES[ndim], np.nan, np.float32)
    for mask, values in ((one, region(ndim).image), (ball(ndim, 6), image)):
        given = Region(mask, np.eye(4), SPACING[ndim], values, "SUV", name="cup")
        for key, quantity in ALL[name].compute(given, OPTIONS).items():
            assert math.isfinite(quantity.value) or quantity.why, key


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_what_needs_no_spacing_is_measured_without(name: str, ndim: int):
    if ALL[name].needs_spacing:
        pytest.skip("the caller names it undefined")
    taken = ALL[name].compute(region(ndim, spacing=False), OPTIONS)
    assert all(math.isfinite(q.value) or q.why for q in taken.values())


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_twice_the_voxel_size_scales_by_the_unit(name: str, ndim: int):
    power = {"mm": 1, "mm²": 2, "mm³": 3, "ml": 3}
    small, large = (ALL[name].compute(region(ndim, scale=s), OPTIONS) for s in (1, 2))
    for key, quantity in small.items():
        if quantity.unit in power:
            assert large[key].value == pytest.approx(2 ** power[quantity.unit] * quantity.value, rel=1e-6), key


@pytest.mark.parametrize("ndim", [2, 3])
def test_no_two_measures_share_a_column(ndim: int):
    columns = [column(*pair) for m in ALL.values() if ndim in m.ndims for pair in m.names(ndim, OPTIONS).items()]
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize("name", ALL)
def test_measure_declares_itself(name: str):
    measure = ALL[name]
    assert measure.title
    assert set(measure.ndims) <= {2, 3}
    assert not measure.units or measure.needs_image
