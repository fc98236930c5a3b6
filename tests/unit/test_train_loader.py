"""A loader shows a worker's real error at once."""

import time

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

import torch

from diascope.core.errors import RunError
from diascope.train import loop
from diascope.train.loop import loader
from diascope.train.sampling import Batches
from diascope.train.store import Sample, Store


def _broken() -> Batches:
    """Return batches of a case whose image and labels do not fit."""
    sample = Sample("case-7", np.zeros((1, 4, 4), np.float32), np.zeros((3,), np.uint8), {})
    return Batches(Store([sample], form="map"), (2, 2), 1, seed=0)


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
    batches = Batches(Store(samples, form="vector"), (4, 4), 2, seed=0)
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


def test_steps_are_measured_by_as_many_loader_processes_as_train(monkeypatch):
    asked = []

    class Step:
        network = torch.nn.Identity()

        def step(self, *_: object) -> None:
            """Do nothing."""

    def counted(batches: Batches, first: int, last: int, *, workers: int):
        asked.append(workers)
        time.sleep(0.3)  # the processes start
        return iter([(step, None) for step in range(first, last)])

    class One:
        def broadcast(self, value: bool) -> bool:
            """Return what the only process says."""
            return value

    monkeypatch.setattr(loop, "loader", counted)
    monkeypatch.setattr(loop.Loop, "build", lambda *_, **__: Step())
    seconds = loop.measure_step(One(), None, None, None, seconds=9.0, workers=3)  # type: ignore[arg-type]
    assert asked == [3]
    assert seconds < 0.05


@pytest.mark.parametrize(
    ("times", "workers", "expected"),
    [
        ([9, 9, 2, 1, 2, 2, 2, 2], 0, 2),  # the first quarter is left out, and a step cannot be faster than it is
        ([9, 9, *[0.1, 0.1, 0.1, 1.7] * 4], 4, 0.5),  # four processes give four batches at once
        ([9, 1, 3], 8, 2),
    ],
)
def test_typical_step_waits_for_its_loader_processes(times, workers, expected):
    assert loop.typical_seconds(times, workers=workers) == pytest.approx(expected)
