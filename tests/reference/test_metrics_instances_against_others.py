"""Metrics over objects, against torchmetrics and against a plain loop over all pairs."""

import numpy as np
import pytest

from diascope.core.families import METRICS
from diascope.core.instances import match_instances
from diascope.core.ports.metric import Matching
from diascope.physics.nuclei import make_nuclei


def pairs(count: int, shape: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return references, and predictions that are shifted, merged here and there, and lack some objects."""
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        reference = make_nuclei(rng, shape, cover=0.3).instances.astype(np.int64)
        renamed = np.arange(reference.max() + 1)
        some = rng.permutation(renamed[1:])[: len(renamed) // 3]
        renamed[some[::2]] = 0
        renamed[some[1::2]] = rng.integers(1, reference.max() + 1, len(some[1::2]))
        made.append((reference, np.roll(renamed[reference], 1, axis=0)))
    return made


def brute_force(reference: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    known = [reference == n for n in np.unique(reference) if n]
    found = [prediction == n for n in np.unique(prediction) if n]
    iou = np.array([[(a & b).sum() / (a | b).sum() for b in found] for a in known]).reshape(len(known), len(found))
    shared = joined = 0
    used = set()
    for row, one in enumerate(known):
        column = int(iou[row].argmax()) if found else -1
        if column < 0 or iou[row, column] == 0:
            joined += one.sum()
            continue
        used.add(column)
        shared += (one & found[column]).sum()
        joined += (one | found[column]).sum()
    joined += sum(b.sum() for n, b in enumerate(found) if n not in used)
    is_match = iou > 0.5
    matched = {"matched": float(is_match.sum()), "iou": float(iou[is_match].sum())}
    return matched | {
        "reference": float(len(known)), "prediction": float(len(found)),
        "shared": float(shared), "joined": float(joined),
    }  # fmt: skip


@pytest.mark.parametrize("shape", [(64, 72), (16, 40, 36)])
def test_matching_equals_a_loop_over_all_pairs(shape: tuple[int, ...]):
    for reference, prediction in pairs(3, shape):
        assert match_instances(reference, prediction) == pytest.approx(brute_force(reference, prediction))


def test_panoptic_quality_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    from torchmetrics.functional.detection import panoptic_quality

    made = pairs(4, (96, 96))
    rows = [match_instances(*pair) for pair in made]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    matching = Matching(**columns, size=np.full(4, np.nan), weight=np.ones(4))

    def with_class(labels: np.ndarray):
        return torch.from_numpy(np.stack([(labels > 0).astype(np.int64), labels], -1))

    reference, prediction = (torch.stack([with_class(pair[side]) for pair in made]) for side in (0, 1))
    wanted = panoptic_quality(
        prediction, reference, things={1}, stuffs={0}, return_sq_and_rq=True, return_per_class=True
    )
    for name, want in zip(("pq", "sq", "rq"), wanted[0], strict=True):
        assert METRICS.load(name).compute(matching) == pytest.approx(float(want), abs=1e-6)
