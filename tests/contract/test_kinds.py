"""What every kind of target must do, whichever it is."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diascope.core.documents.dataset import Box, Event, Target
from diascope.core.errors import InputError
from diascope.core.families import KINDS
from diascope.curate.draft import Draft
from diascope.curate.listing import Listing
from diascope.curate.target_findings import Presence, check_counts

SOURCES = Path(__file__).parents[2] / "src/diascope"

MAP = np.array([[0, 5], [2, 0]])
EXAMPLES = {
    "normality": (Target(kind="normality", classes=("normal", "a")), "a", "b"),
    "mask": (Target(kind="mask", classes=("background", "liver", "tumour"), values=(0, 5, 2)), MAP, MAP + 1),
    "class": (Target(kind="class", classes=("well", "ill")), "ill", "dead"),
    "classes": (Target(kind="classes", classes=("x", "y")), {"x": 1, "y": None}, {"x": 2, "z": 1}),
    "boxes": (
        Target(kind="boxes", classes=("x", "y")),
        (Box(label="y", low=(1, 2), high=(3, 5)),),
        (Box(label="z", low=(1, 2), high=(3, 5)),),
    ),
    "instances": (Target(kind="instances", classes=("background", "b", "t"), values=(0, 5, 2)), MAP, MAP + 1),
    "value": (Target(kind="value", unit="a"), 3.5, float("inf")),
    "grade": (Target(kind="grade", classes=("low", "high")), "low", "middle"),
    "event": (Target(kind="event", unit="days"), Event(time=3, event=True), Event(time=-1, event=False)),
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
    elif kind.form == "boxes":
        assert encoded.tolist() == [[1, 2, 3, 5, 1]]
        assert kind.encode(target, ()).shape[0] == 0
    else:
        assert encoded.ndim == 1
        assert not np.isnan(encoded).all()
        assert np.isnan(kind.encode(target, None)).all()


MAP_TARGETS = [
    EXAMPLES["mask"][0],
    Target(kind="mask", classes=("background", "liver", "tumour"), values=(0, 1, 2)),
    Target(kind="mask", classes=("background", "liver", "tumour"), values=(0, 1, 9)),
]


@pytest.mark.parametrize("target", MAP_TARGETS, ids=lambda t: str(t.values))
@pytest.mark.parametrize("number", [-1, 3, 4, 200])
def test_number_that_no_class_names_is_not_encoded_as_another_class(target: Target, number: int):
    with pytest.raises(InputError, match=f"got: {number}$|got: {number}\n"):
        KINDS.load("mask").encode(target, np.array([[0, number], [0, number]]))


def test_empty_map_is_encoded():
    assert KINDS.load("mask").encode(MAP_TARGETS[2], np.zeros((0, 4), np.uint8)).shape == (0, 4)


@pytest.mark.parametrize("name", KINDS.names())
def test_traits_of_a_kind_agree_with_each_other(name: str):
    kind = KINDS.load(name)
    assert not (kind.is_exclusive and kind.is_multiple)
    assert kind.has_classes or not (kind.is_exclusive or kind.is_multiple)


@pytest.mark.parametrize("room", ["curate", "cli", "evaluate", "fingerprint"])
def test_no_stage_asks_a_target_for_the_name_of_its_kind(room: str):
    asked = re.compile(r"(target|\bt)\.kind (==|!=|in|not in) ")
    assert not [p.name for p in (SOURCES / room).rglob("*.py") if asked.search(p.read_text(encoding="utf-8"))]


def test_another_kind_of_one_class_a_case_is_counted_like_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    load = KINDS.load
    grade = replace(load("class"), name="grade", default_task="grading")
    monkeypatch.setattr(KINDS, "load", lambda name: grade if name == "grade" else load(name))
    draft = Draft(Listing(tmp_path, ()), "", ("image",), [])
    names = {f"c{n}": ("I",) for n in range(9)} | {"c9": ("II",)}
    check_counts(draft, "grade", Presence(Target(kind="grade", classes=("I", "II")), names), {})
    assert [(p.level, p.code) for p in draft.problems] == [("error", "class_too_small")]
