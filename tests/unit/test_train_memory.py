"""The peak is known however short the time."""

import time
from pathlib import Path

import numpy as np
import pytest

from diascope.train.memory import PeakMemory


def test_peak_of_a_moment_is_not_zero():
    with PeakMemory() as memory:
        pass
    assert memory.peak_bytes > 2**20


@pytest.mark.parametrize("mapped", [False, True])
def test_peak_counts_what_was_held_for_a_while(mapped):
    with PeakMemory(mapped=mapped) as memory:
        before = memory.peak_bytes
        held = np.ones(64 * 2**20, np.uint8)
        time.sleep(0.6)
        del held
    assert memory.peak_bytes - before > 48 * 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells whose pages they are")
@pytest.mark.parametrize("mapped", [False, True])
def test_pages_of_mapped_files_are_no_memory_that_is_taken(tmp_path, mapped):
    np.save(tmp_path / "case.npy", np.ones(64 * 2**20, np.uint8))
    with PeakMemory(mapped=mapped) as memory:
        before = memory.peak_bytes
        held = np.load(tmp_path / "case.npy", mmap_mode="r")
        assert held[::4096].sum() == 2**14
        time.sleep(0.6)
    assert (memory.peak_bytes - before > 48 * 2**20) is not mapped
