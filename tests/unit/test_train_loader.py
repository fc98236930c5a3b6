"""A loader shows a worker's real error at once."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope.core.errors import RunError
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
