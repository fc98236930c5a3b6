"""Dividing the cases: folds as given, else five patient-grouped, stratified ones."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from diascope.core.documents.dataset import Fold
from diascope.core.errors import DatasetError

FOLDS = 5
"""Folds that are made where none are given (five as in Isensee et al. 2021; Kohavi 1995 finds five to ten good)."""


def make_folds(ids: Sequence[str], strata: Sequence[str], groups: Mapping[str, str], seed: int) -> tuple[Fold, ...]:
    """Return folds in which no group lies on both sides and every stratum is spread evenly.

    Args:
        ids: the cases to divide.
        strata: of each case.
        groups: case id → what stays together (patient, or copies of one image).
        seed: of the shuffling.

    Returns:
        five folds, fewer where there are fewer groups, none where there is only one.
    """
    labels = [groups[i] for i in ids]
    count = min(FOLDS, len(set(labels)))
    if count < 2:
        return ()
    part = _assign(_merge_rare(strata, count), labels, count, seed)
    return tuple(
        Fold(
            train=tuple(i for i, p in zip(ids, part, strict=True) if p != n),
            validation=tuple(i for i, p in zip(ids, part, strict=True) if p == n),
        )
        for n in range(count)
    )


def hold_back(
    ids: Sequence[str], strata: Sequence[str], groups: Mapping[str, str], *, share: float, seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids that stay and those held back: about ``share`` of them, no group on both sides.

    Where there are too few groups for such a share, the smallest possible one is held back: one group of two.

    Raises:
        DatasetError: all cases are of one group, so nothing can be held back.
    """
    labels = [groups[i] for i in ids]
    count = min(max(2, round(1 / share)), len(set(labels)))
    if count < 2:
        raise DatasetError("one patient alone cannot be divided", expected="two patients or more", got=len(set(labels)))
    part = _assign(_merge_rare(strata, count), labels, count, seed)
    kept = tuple(i for i, p in zip(ids, part, strict=True) if p != 0)
    return kept, tuple(i for i, p in zip(ids, part, strict=True) if p == 0)


def _merge_rare(strata: Sequence[str], count: int) -> list[str]:
    """Put strata with fewer cases than folds together: they cannot be spread evenly one by one."""
    sizes = Counter(strata)
    merged = ["rare" if sizes[s] < count else s for s in strata]
    if 0 < merged.count("rare") < count:
        largest = max(sizes, key=lambda s: (sizes[s], s))
        merged = [largest if s == "rare" and sizes[largest] >= count else s for s in merged]
    return merged


def _assign(strata: list[str], groups: list[str], count: int, seed: int) -> list[int]:
    """Return the number of the fold that each case validates in."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

    sizes = Counter(strata)
    items = np.zeros(len(groups))
    if min(sizes.values()) < count:
        found = GroupKFold(count, shuffle=True, random_state=seed).split(items, strata, groups)
    elif len(set(groups)) == len(groups):
        found = StratifiedKFold(count, shuffle=True, random_state=seed).split(items, strata)
    else:
        found = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(items, strata, groups)
    part = np.zeros(len(groups), int)
    for n, (_, validation) in enumerate(found):
        part[validation] = n
    return part.tolist()


def union_groups(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return item → representative, where the two items of every pair belong together.

    Example:
        >>> union_groups([("a", "a"), ("b", "a"), ("c", "c")])
        {'a': 'a', 'b': 'a', 'c': 'c'}
    """
    parent: dict[str, str] = {}

    def find(item: str) -> str:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, other in pairs:
        first, second = sorted((find(one), find(other)))
        parent[second] = first
    return {item: find(item) for item in parent}
