"""What every measure does with what it is handed: number types, layouts, margins, options; and nothing is changed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from diascope.core.families import MEASURES
from diascope.core.ports.measure import Measure, Quantity, Region

ALL: dict[str, Measure] = dict(MEASURES.all())
CASES = [(name, ndim) for name, measure in ALL.items() for ndim in measure.ndims]
SHAPES = {2: (40, 44), 3: (26, 24, 22)}
SPACING = {2: (0.5, 0.7), 3: (2.0, 2.0, 3.0)}
OPTIONS = {"unit": "SUV"}
BY_TRANSFORMS = 1e-9
"""Relative rounding of sums that are taken by Fourier transforms of another size."""

OF_THE_IMAGE = {"area_share": "the part of the image that the region covers"}
"""Numbers that change with the image around the region, and why."""


class Recorded(Mapping[str, Any]):
    """Options that remember which of them were asked for."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given, self.asked = dict(given), set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return self.given[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def ball(ndim: int, radius: float) -> np.ndarray:
    axes = [np.arange(n) - (n - 1) / 2 for n in SHAPES[ndim]]
    return sum(a**2 for a in np.ix_(*axes)) <= radius**2


def image(ndim: int) -> np.ndarray:
    """Return whole numbers, so that every type of number holds them."""
    return np.random.default_rng(0).integers(1, 100, SHAPES[ndim])


def region(ndim: int, values: np.ndarray, mask: np.ndarray | None = None) -> Region:
    edges = SPACING[ndim]
    return Region(
        mask=ball(ndim, 7) if mask is None else mask,
        affine=np.diag([*(*edges, 1.0)[:3], 1.0]),
        spacing_mm=edges,
        image=values,
        unit="SUV",
        others={"disc": ball(ndim, 10)},
    )


def values_of(taken: Mapping[str, Quantity]) -> dict[str, float]:
    return {name: quantity.value for name, quantity in taken.items()}


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_names_are_the_keys_in_order_with_their_units(name: str, ndim: int):
    taken = ALL[name].compute(region(ndim, image(ndim)), OPTIONS)
    if taken:
        assert list(taken) == list(ALL[name].names(ndim, OPTIONS))
        assert {key: q.unit for key, q in taken.items()} == ALL[name].names(ndim, OPTIONS)


@pytest.mark.parametrize("dtype", ["uint8", ">i2", "int64", "float32", ">f4"])
@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_number_type_of_the_image_changes_nothing(name: str, ndim: int, dtype: str):
    taken, wanted = (ALL[name].compute(region(ndim, image(ndim).astype(t)), OPTIONS) for t in (dtype, np.float64))
    assert values_of(taken) == pytest.approx(values_of(wanted), rel=1e-6, nan_ok=True)


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_layout_in_memory_changes_nothing(name: str, ndim: int):
    values, mask = image(ndim).astype(np.float32), ball(ndim, 7)
    spread = np.empty(tuple(2 * n for n in values.shape), np.float32)[(slice(None, None, 2),) * ndim]
    spread[...] = values
    given = region(ndim, spread, np.asfortranarray(mask))
    wanted = ALL[name].compute(region(ndim, values, mask), OPTIONS)
    assert values_of(ALL[name].compute(given, OPTIONS)) == pytest.approx(values_of(wanted), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_nothing_that_was_handed_in_is_changed(name: str, ndim: int):
    given = region(ndim, image(ndim).astype(np.float32))
    assert given.image is not None
    given.image.setflags(write=False)
    given.mask.setflags(write=False)
    given.others["disc"].setflags(write=False)
    options = dict(OPTIONS)
    ALL[name].compute(given, options)
    assert options == OPTIONS


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_empty_margin_changes_nothing(name: str, ndim: int):
    values, mask = image(ndim).astype(np.float32), ball(ndim, 3)
    wide = [(3, 5), (0, 7), (4, 0)][:ndim]
    padded = region(ndim, np.pad(values, wide), np.pad(mask, wide))
    padded = Region(padded.mask, padded.affine, padded.spacing_mm, padded.image, padded.unit)
    wanted = ALL[name].compute(Region(mask, padded.affine, padded.spacing_mm, values, padded.unit), OPTIONS)
    taken = ALL[name].compute(padded, OPTIONS)
    got, same = ({k: v for k, v in values_of(t).items() if k not in OF_THE_IMAGE} for t in (taken, wanted))
    assert got == pytest.approx(same, rel=BY_TRANSFORMS, nan_ok=True)


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_only_declared_options_are_read(name: str, ndim: int):
    options = Recorded(OPTIONS)
    ALL[name].compute(region(ndim, image(ndim)), options)
    ALL[name].names(ndim, options)
    assert options.asked <= {*ALL[name].options, "unit"}


@pytest.mark.parametrize(("name", "ndim"), CASES)
def test_what_is_undefined_says_why_and_keeps_its_place(name: str, ndim: int):
    one = np.zeros(SHAPES[ndim], bool)
    one[(5,) * ndim] = True
    flat = np.full(SHAPES[ndim], 3.0, np.float32)
    broken = image(ndim).astype(np.float32)
    broken[tuple(n // 2 for n in SHAPES[ndim])] = np.nan
    for values, mask in ((image(ndim), one), (flat, ball(ndim, 5)), (flat, one), (broken, ball(ndim, 5)), (-flat, one)):
        taken = ALL[name].compute(region(ndim, values, mask), OPTIONS)
        assert not taken or list(taken) == list(ALL[name].names(ndim, OPTIONS))
        for key, quantity in taken.items():
            assert math.isfinite(quantity.value) != bool(quantity.why), key
