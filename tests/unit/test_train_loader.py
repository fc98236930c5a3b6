"""A loader shows a worker's real error at once."""

import time

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope.core.errors import RunError
from diascope.train import loop
from diascope.train.loop import loader
from diascope.train.sampling import Batches
from diascope.train.store import Sample, Store


def _broken() -> Batches:
    """Return batches of a case whose image and labels do not fit."""
    sample = Sample("case-7", np.zeros((1, 4, 4), np.float32), np.zeros((3,), np.uint8), {})
    return Batches(Store([sample], is_map=True), (2, 2), 1, seed=0)


@pytest.mark.parametrize("workers", [0, 1])
def test_error_of_loading_is_told_with_its_case(workers):
    with pytest.raises(RunError) as caught:
        list(loader(_broken(), 0, 2, workers=workers))
    whole = caught.value.describe() + "".join(getattr(caught.value.__cause__, "__notes__", []))
    assert "ValueError" in whole
    assert "case-7" in whole


def test_batches_come_in_order_with_their_steps():
    samples = [
        Sample(str(i), np.full((1, 4, 4), i, np.float32), np.array([1.0, 0.0], np.float32), {}) for i in range(4)
    ]
    batches = Batches(Store(samples, is_map=False), (4, 4), 2, seed=0)
    steps = [step for step, _ in loader(batches, 3, 6, workers=0)]
    assert steps == [3, 4, 5]


class Hanging:
    """Batches that never come, as from a network folder that has gone."""

    def __len__(self) -> int:
        """Return how many there would be."""
        return 4

    def __getitem__(self, step: int) -> None:
        """Wait."""
        time.sleep(600)


def test_hanging_worker_ends_in_an_error_within_the_time_out(monkeypatch):
    monkeypatch.setattr(loop, "LOADER_TIMEOUT_SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(RunError, match="hangs") as caught:
        list(loader(Hanging(), 0, 4, workers=1))
    assert time.monotonic() - begun < 30
    assert "within 1 s" in caught.value.describe()
    assert "--resume" in caught.value.fix


def test_hanging_worker_is_noticed_within_a_fifth_of_a_short_budget():
    assert loop.LOADER_TIMEOUT_SECONDS <= 300 / 5
