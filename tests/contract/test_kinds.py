"""What every kind of target must do, whichever it is."""

import numpy as np
import pytest

from diascope.core.documents.dataset import Target
from diascope.core.families import KINDS

MAP = np.array([[0, 5], [2, 0]])
EXAMPLES = {
    "mask": (Target(kind="mask", classes=("background", "liver", "tumour"), values=(0, 5, 2)), MAP, MAP + 1),
    "class": (Target(kind="class", classes=("well", "ill")), "ill", "dead"),
    "classes": (Target(kind="classes", classes=("x", "y")), {"x": 1, "y": None}, {"x": 2, "z": 1}),
    "value": (Target(kind="value", unit="a"), 3.5, float("inf")),
}


@pytest.mark.parametrize("name", KINDS.names())
def test_kind_has_an_example_here(name):
    assert name in EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_right_value_has_no_problems_and_a_wrong_one_has(name):
    target, right, wrong = EXAMPLES[name]
    kind = KINDS.load(name)
    assert kind.check(target, right) == []
    assert kind.check(target, wrong)


@pytest.mark.parametrize("name", EXAMPLES)
def test_missing_value_has_no_problems_and_counts_for_nothing(name):
    kind, target = KINDS.load(name), EXAMPLES[name][0]
    assert kind.check(target, None) == []
    assert kind.present(target, None) == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_case_gets_a_stratum(name):
    kind, (target, right, _) = KINDS.load(name), EXAMPLES[name]
    present = [kind.present(target, value) for value in (right, None, right)]
    strata = kind.strata(target, present)
    assert len(strata) == 3
    assert strata[0] == strata[2] != strata[1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_encoded_value_is_what_a_loss_takes(name):
    kind, (target, right, _) = KINDS.load(name), EXAMPLES[name]
    encoded = kind.encode(target, right)
    if kind.is_map:
        assert encoded.shape == MAP.shape
        assert encoded.tolist() == [[0, 1], [2, 0]]
    else:
        assert encoded.shape == (max(1, len(target.classes)),)
        assert np.isnan(kind.encode(target, None)).all()
