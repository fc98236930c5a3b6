"""Cases that share an attribute's value: sex, site, manufacturer, a third of the ages."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Dataset

LEAST_CASES = 10
"""Chosen here: below, an interval says nothing."""

MOST_VALUES = 10
"""Chosen here: text with more values names the cases rather than groups them."""

FEW_NUMBERS = 5
"""Chosen here: numbers with more values are cut into thirds."""


def find_groups(dataset: Dataset, case_ids: Sequence[str]) -> dict[str, dict[str, NDArray[np.intp]]]:
    """Return attribute → value → rows of the cases that have it.

    Left out are cases without the attribute, groups of fewer than ten cases, and attributes that leave no two groups.
    """
    by_id = dataset.by_id()
    cases = [by_id[case_id] for case_id in case_ids]
    columns = {name: [case.attributes.get(name) for case in cases] for name in dataset.attributes}
    if any(case.site is not None for case in cases):
        columns.setdefault("site", [case.site for case in cases])
    found = {name: _large(_split(values)) for name, values in columns.items()}
    return {name: groups for name, groups in found.items() if len(groups) > 1}


def _large(groups: Mapping[str, list[int]]) -> dict[str, NDArray[np.intp]]:
    return {value: np.array(rows) for value, rows in groups.items() if len(rows) >= LEAST_CASES}


def _split(values: Sequence[str | float | None]) -> dict[str, list[int]]:
    """Return value, or range of values, → rows."""
    known = {row: value for row, value in enumerate(values) if value not in (None, "")}
    distinct = set(known.values())
    is_number = all(isinstance(v, float | int) and math.isfinite(v) for v in distinct)
    if is_number and len(distinct) > FEW_NUMBERS:
        return _thirds({row: float(value) for row, value in known.items()})
    if len(distinct) > MOST_VALUES:
        return {}
    names = {value: f"{value:g}" if isinstance(value, float | int) else value for value in distinct}
    return {names[v]: [r for r, value in known.items() if value == v] for v in sorted(distinct, key=str)}


def _thirds(known: Mapping[int, float]) -> dict[str, list[int]]:
    """Return three ranges with about as many cases each → rows."""
    low, high = (float(q) for q in np.quantile(list(known.values()), [1 / 3, 2 / 3]))
    groups: dict[str, list[int]] = {f"up to {low:.4g}": [], f"{low:.4g} to {high:.4g}": [], f"above {high:.4g}": []}
    names = list(groups)
    for row, value in known.items():
        groups[names[int(value > low) + int(value > high)]].append(row)
    return groups
