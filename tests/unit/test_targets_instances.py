"""Instance maps as a target: numbered objects, or the connected parts of classes."""

import numpy as np
import pytest

from diascope.core.documents.dataset import Target
from diascope.core.errors import InputError
from diascope.core.families import KINDS

KIND = KINDS.load("instances")
NUMBERED = Target(kind="instances")
OF_CLASSES = Target(kind="instances", classes=("background", "cell", "other"), values=(0, 255, 7))


def test_objects_are_numbered_without_gaps():
    encoded = KIND.encode(NUMBERED, np.array([[0, 900, 900], [4, 0, 70000]]))
    assert encoded.tolist() == [[0, 2, 2], [1, 0, 3]]
    assert encoded.dtype == np.uint16


def test_map_without_background_keeps_all_its_objects():
    assert KIND.encode(NUMBERED, np.array([[3, 3], [5, 5]])).tolist() == [[1, 1], [2, 2]]


def test_connected_parts_of_a_class_are_objects_and_classes_do_not_join():
    value = np.array([[255, 0, 255], [0, 0, 255], [255, 7, 7]])
    encoded = KIND.encode(OF_CLASSES, value)
    assert encoded.max() == 4
    assert encoded[0, 2] == encoded[1, 2]
    assert len({int(encoded[0, 0]), int(encoded[0, 2]), int(encoded[2, 0]), int(encoded[2, 1])}) == 4


def test_negative_number_is_refused():
    with pytest.raises(InputError, match="numbers start at 1"):
        KIND.encode(NUMBERED, np.array([[0, -3]]))


def test_number_that_no_class_names_is_refused():
    with pytest.raises(InputError, match="do not name"):
        KIND.encode(OF_CLASSES, np.array([[0, 3]]))


def test_empty_map_is_a_case_without_objects():
    assert not KIND.encode(NUMBERED, np.zeros((4, 4), int)).any()
    assert KIND.present(NUMBERED, np.zeros((4, 4), int)) == ("0",)
    assert KIND.check(NUMBERED, np.zeros((4, 4), int)) == []


def test_object_in_several_parts_is_said_and_kept():
    value = np.array([[1, 0, 1, 2]])
    assert KIND.encode(NUMBERED, value).tolist() == [[1, 0, 1, 2]]
    said = KIND.remarks(NUMBERED, value)
    assert said["object_in_parts"].startswith("1 of 2 numbers")
    assert KIND.remarks(NUMBERED, np.array([[1, 1, 0, 2]])) == {}


def test_touching_objects_of_a_class_are_said_to_be_one():
    said = KIND.remarks(OF_CLASSES, np.array([[255, 0, 255]]))
    assert "2 connected parts" in said["touching_not_told_apart"]


def test_cases_are_spread_by_their_number_of_objects():
    strata = KIND.strata(NUMBERED, [(str(n),) for n in (1, 2, 50, 60, 90, 99)] + [()])
    assert strata[0] == strata[1]
    assert strata[0] != strata[-2]
    assert strata[-1] == "missing"


@pytest.mark.parametrize(
    ("classes", "values", "of_classes"),
    [
        (("background", "foreground"), (0, 255), True),
        (("background", "liver", "spleen"), (0, 1, 2), True),
        (("background", "value 1", "value 2", "value 9"), (0, 1, 2, 9), False),
    ],
)
def test_mask_is_read_as_classes_only_where_it_has_one_or_names_them(
    classes: tuple[str, ...], values: tuple[int, ...], of_classes: bool
):
    mask = Target(kind="mask", classes=classes, values=values)
    assert bool(KIND.derived["mask"].target(mask, []).values) == of_classes
