"""The cache keeps below its cap and never shows half an array."""

import os

import numpy as np
import pytest

from diascope.core.errors import BudgetError
from diascope.train.cache import save_array


def test_oldest_is_removed_before_the_cap_is_passed(tmp_path):
    one = np.zeros(1000, np.float32)
    for number, name in enumerate("abc"):
        save_array(tmp_path / f"{name}.npy", one, cap_bytes=9000)
        os.utime(tmp_path / f"{name}.npy", (number, number))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.npy", "c.npy"]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 9000


def test_array_larger_than_the_cap_is_refused(tmp_path):
    with pytest.raises(BudgetError, match="larger than the cache"):
        save_array(tmp_path / "a.npy", np.zeros(1000), cap_bytes=100)
    assert not list(tmp_path.iterdir())


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_array(tmp_path / "a.npy", np.zeros(3), cap_bytes=1000)
    assert not list(tmp_path.iterdir())
