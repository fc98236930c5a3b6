"""Which cases form a group."""

import pytest

from diascope.core.documents.dataset import Case, Dataset, Source
from diascope.evaluate.groups import find_groups


def make_dataset(column: str, values: list, sites: list | None = None) -> Dataset:
    sites = sites or [None] * len(values)
    cases = [
        Case(id=str(i), images={"x": Source(path=f"{i}.png")}, attributes={column: value}, site=site)
        for i, (value, site) in enumerate(zip(values, sites, strict=True))
    ]
    return Dataset(
        name="d", root="/", layout="table", ndim=2, channels=("x",), cases=tuple(cases), attributes=(column,)
    )


def groups_of(dataset: Dataset) -> dict:
    found = find_groups(dataset, [case.id for case in dataset.cases])
    return {column: {value: len(rows) for value, rows in groups.items()} for column, groups in found.items()}


def test_text_groups_by_value_and_missing_belongs_to_none():
    assert groups_of(make_dataset("sex", ["F"] * 12 + ["M"] * 11 + [None] * 20)) == {"sex": {"F": 12, "M": 11}}


def test_group_below_ten_cases_is_left_out():
    assert groups_of(make_dataset("sex", ["F"] * 12 + ["M"] * 11 + ["X"] * 9)) == {"sex": {"F": 12, "M": 11}}


def test_attribute_that_leaves_one_group_is_left_out():
    assert groups_of(make_dataset("sex", ["F"] * 30 + ["M"] * 5)) == {}


def test_text_with_many_values_names_cases_and_is_left_out():
    assert groups_of(make_dataset("name", [f"n{i % 15}" for i in range(300)])) == {}


def test_numbers_with_many_values_are_cut_into_thirds():
    found = groups_of(make_dataset("age", [float(age) for age in range(30, 90)]))
    assert list(found["age"].values()) == [20, 20, 20]
    assert next(iter(found["age"])).startswith("up to 49")


def test_few_numbers_are_values():
    assert groups_of(make_dataset("tesla", [1.5, 3.0] * 15)) == {"tesla": {"1.5": 15, "3": 15}}


@pytest.mark.parametrize("name", ["age", "site"])
def test_site_is_a_group_unless_an_attribute_has_that_name(name):
    found = groups_of(make_dataset(name, ["a", "b"] * 10, ["north", "south"] * 10))
    assert found["site"] == ({"a": 10, "b": 10} if name == "site" else {"north": 10, "south": 10})
