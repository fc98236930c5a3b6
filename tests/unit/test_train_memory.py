"""The peak is known however short the time."""

import numpy as np

from diascope.train.memory import PeakMemory


def test_peak_of_a_moment_is_not_zero():
    with PeakMemory() as memory:
        pass
    assert memory.peak_bytes > 2**20


def test_peak_counts_what_was_held_for_a_while():
    import time

    with PeakMemory() as memory:
        before = memory.peak_bytes
        held = np.ones(64 * 2**20, np.uint8)
        time.sleep(0.6)
        del held
    assert memory.peak_bytes - before > 48 * 2**20
