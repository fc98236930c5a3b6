"""Temporal consistency: what it is for answers that follow, stand still, flicker or lie beside the structure."""

import math

import numpy as np
import pytest

from diascope.calibration import nothing_fitted
from diascope.core.clip import Clip
from diascope.core.documents.dataset import Target
from diascope.core.geometry import geometry_of_film, geometry_without_spacing
from diascope.metrics.temporal_consistency import changes, compute
from diascope.tasks.segmentation import TASK, score_case


def moving(step: int = 2, frames: int = 6, size: int = 24) -> np.ndarray:
    film = np.zeros((size, size, frames), bool)
    for t in range(frames):
        film[4:12, 2 + step * t : 10 + step * t, t] = True
    return film


def test_answer_that_follows_is_fully_consistent():
    assert compute(moving(), moving(), None) == 1.0


def test_frozen_answer_has_none_where_the_structure_moves():
    frozen = np.repeat(moving()[..., 2:3], 6, axis=-1)
    assert compute(moving(), frozen, None) == 0.0


def test_flickering_answer_has_none_where_nothing_moves():
    still = np.repeat(moving()[..., 2:3], 6, axis=-1)
    flickering = still.copy()
    flickering[4:8, :, ::2] = False
    assert compute(still, flickering, None) == 0.0
    assert compute(still, still, None) == 1.0


def test_answer_beside_the_structure_is_consistent_and_one_of_half_the_speed_is_not():
    assert compute(moving(), np.roll(moving(), 3, axis=0), None) == 1.0
    assert compute(moving(2), moving(1), None) == pytest.approx(0.5)


def test_structure_that_comes_counts_as_a_change():
    late = moving()
    late[..., :2] = False
    assert changes(late)[:2].tolist() == [0.0, 1.0]
    assert compute(late, moving(), None) < 1


def test_single_frames_stills_and_empty_films_are_undefined():
    assert math.isnan(compute(moving()[..., :1], moving()[..., :1], None))
    assert math.isnan(compute(moving()[..., 0], moving()[..., 0], None))
    empty = np.zeros((4, 4, 5), bool)
    assert math.isnan(compute(empty, empty, None))


def test_task_measures_it_on_films_only_and_over_frames_without_the_structure_too():
    target = Target(kind="mask", classes=("background", "disc"), values=(0, 1))
    late = moving().astype(np.uint8)
    late[..., :3] = 0
    constant = late.copy()
    constant[..., :3] = late[..., 3:4]
    film = geometry_of_film(geometry_without_spacing((24, 24)), Clip(6))
    scores = score_case(target, late, constant, film, nothing_fitted())
    assert 0 < scores["temporal_consistency"][0] < 1
    assert np.isnan(scores["hd95_mm"][0])
    volume = score_case(target, late, constant, geometry_without_spacing((24, 24, 6)), nothing_fitted())
    assert np.isnan(volume["temporal_consistency"][0])
    assert volume["dice"] == scores["dice"]
    table = {name: column[None] for name, column in volume.items()}
    assert "temporal_consistency" not in TASK.case_rows(target, table, 0)[0]
