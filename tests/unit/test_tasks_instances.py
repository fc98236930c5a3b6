"""What the task of objects declares: floors, rows and what is told."""

import numpy as np
import pytest
from made_nuclei import nuclei

from diascope.calibration import nothing_fitted
from diascope.core.documents.dataset import Target
from diascope.core.families import TASKS
from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.core.ports.task import Example
from diascope.evaluate.collect import stack_rows
from diascope.tasks._instance_baselines import fit_constant_count, fit_otsu_watershed

TASK = TASKS.load("instances")
TARGET = Target(kind="instances")


def examples(*seeds: int, sign: int = 1) -> list[Example]:
    every = [nuclei(seed, (96, 96), touching=0.2, cover=0.2) for seed in seeds]
    return [Example(one.instances, sign * one.image[None].astype(np.float32)) for one in every]


def table(*pairs: tuple[np.ndarray, np.ndarray], geometry: Geometry | None = None):
    return stack_rows([TASK.score_case(TARGET, r, p, geometry, nothing_fitted()) for r, p in pairs])


@pytest.mark.parametrize("sign", [1, -1])
def test_otsu_and_watershed_find_nuclei_bright_or_dark(sign: int):
    predict = fit_otsu_watershed(TARGET, examples(1, 2, sign=sign))
    seen = examples(3, sign=sign)[0]
    measured = TASK.aggregate(TARGET, table((seen.reference, predict(Example(image=seen.image)))))(np.arange(1))
    assert measured["pq"][0] > 0.5


def test_otsu_of_a_constant_image_finds_nothing():
    predict = fit_otsu_watershed(TARGET, [])
    assert not predict(Example(image=np.ones((1, 9, 9), np.float32))).any()


def test_constant_count_has_a_count_error_and_nothing_else():
    seen = examples(1, 2, 3)
    guess = fit_constant_count(TARGET, seen)(Example())
    measured = TASK.aggregate(TARGET, table(*[(e.reference, guess) for e in seen]))(np.arange(3))
    counts = [e.reference.max() for e in seen]
    assert measured["instance_count_error"][0] == np.mean(np.abs(np.array(counts, float) - np.median(counts)))
    assert all(np.isnan(measured[name][0]) for name in ("pq", "sq", "rq", "aji"))


def test_density_is_told_per_square_millimetre_and_never_guessed():
    labels = np.zeros((20, 10), np.int32)
    labels[:2, :3], labels[5:7, :3] = 1, 2
    known = Geometry((20, 10), np.diag([0.5, 0.5, 1.0, 1.0]))
    told = TASK.told(TARGET, labels, nothing_fitted(), known)
    assert told == {"objects": 2, "density_per_mm2": 2 / 50, "median_size_mm2": 6 * 0.25}
    told = TASK.told(TARGET, labels, nothing_fitted(), geometry_without_spacing((20, 10)))
    assert told == {"objects": 2, "median_size_voxels": 6.0}


def test_empty_prediction_is_told_without_a_size():
    assert TASK.told(TARGET, np.zeros((4, 4), int), nothing_fitted(), None) == {"objects": 0}


def test_rows_give_counts_and_leave_unknown_densities_empty():
    labels = nuclei(0).instances
    (row,) = TASK.case_rows(TARGET, table((labels, labels)), 0)
    assert row["pq"] == 1
    assert row["reference_objects"] == row["prediction_objects"] == labels.max()
    assert row["reference_density"] is None
