"""Objects matched one to one: hand-made cases with known answers."""

import numpy as np
import pytest

from diascope.core.families import METRICS
from diascope.core.instances import FIELDS, match_instances
from diascope.core.ports.metric import Matching


def squares(*corners: tuple[int, int], edge: int = 4) -> np.ndarray:
    labels = np.zeros((30, 30), np.int32)
    for number, (row, column) in enumerate(corners, 1):
        labels[row : row + edge, column : column + edge] = number
    return labels


def matching(*pairs: tuple[np.ndarray, np.ndarray], size: float = np.nan) -> Matching:
    rows = [match_instances(*pair) for pair in pairs]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Matching(**columns, size=np.full(len(rows), size), weight=np.ones(len(rows)))


def value(name: str, found: Matching) -> float:
    return METRICS.load(name).compute(found)


def test_missed_and_invented_objects_count_half_each():
    reference, prediction = squares((0, 0), (10, 10)), squares((0, 0), (20, 20), (20, 2))
    found = matching((reference, prediction))
    assert value("rq", found) == pytest.approx(1 / (1 + 0.5 * 1 + 0.5 * 2))
    assert value("sq", found) == 1
    assert value("pq", found) == value("rq", found)
    assert value("instance_count_error", found) == 1


def test_pair_at_an_iou_of_exactly_one_half_does_not_match():
    reference, prediction = np.zeros((2, 6, 6), np.int32)
    reference[0, :2], prediction[0, :1] = 1, 1
    assert match_instances(reference, prediction)["matched"] == 0


def test_merged_objects_lower_recognition():
    reference = squares((0, 0), (0, 4))
    merged = (reference > 0).astype(np.int32)
    assert value("rq", matching((reference, merged))) == 0
    assert value("aji", matching((reference, merged))) == pytest.approx((16 + 16) / (32 + 32))


def test_numbers_of_the_objects_do_not_matter():
    reference, prediction = squares((0, 0), (10, 10)), squares((10, 11), (0, 1))
    renamed = np.array([0, 900, 7])[prediction]
    assert match_instances(reference, prediction) == match_instances(reference, renamed)


def test_empty_maps_are_undefined_but_counted_rightly():
    empty = matching((np.zeros((4, 4), int), np.zeros((4, 4), int)))
    assert all(np.isnan(value(name, empty)) for name in ("pq", "sq", "rq", "aji"))
    assert value("instance_count_error", empty) == 0


def test_empty_prediction_scores_zero():
    found = matching((squares((0, 0)), np.zeros((30, 30), int)))
    assert value("pq", found) == value("aji", found) == 0


def test_density_is_compared_per_square_millimetre_where_the_spacing_is_known():
    pair = squares((0, 0), (10, 10)), squares((0, 0))
    assert value("instance_density_error", matching(pair, size=0.25)) == pytest.approx(4)
    assert np.isnan(value("instance_density_error", matching(pair)))


def test_case_without_a_reference_counts_nowhere():
    one = squares((0, 0))
    plain = matching((one, one))
    more = Matching(**{name: np.append(getattr(plain, name), np.nan) for name in (*FIELDS, "size")}, weight=np.ones(2))
    for name in ("pq", "sq", "rq", "aji", "instance_count_error"):
        assert value(name, more) == value(name, plain)
