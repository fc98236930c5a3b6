"""Decisions that say what happens to missing labels, other grids and folds, and keys that do something."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="a network answers for its own cost, and it comes with the extra 'train'")

from diascope.core.documents.dataset import Case, Dataset, Fold, Problem, Source, Splits, Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Plan
from diascope.core.errors import OptionError
from diascope.fingerprint import compute_fingerprint
from diascope.plan.planner import Request, make_plan
from diascope.plan.rule import Budget

LABELS = Target(kind="classes", classes=("spot", "stripe"))
CLASS = Target(kind="class", classes=("well", "ill"))


def made(folder: Path, values: list, target: Target, *, test: int = 0, **more: object) -> tuple[Dataset, Fingerprint]:
    """Return small pictures, one a value, the last ``test`` of which are the test part."""
    pictures = np.random.default_rng(0).integers(1, 255, (len(values), 32, 32)).astype(np.uint8)
    np.savez(folder / "rows.npz", images=pictures)
    cases = tuple(
        Case(id=f"c{i}", images={"x": Source(path="rows.npz", key="images", index=i)}, targets={"t": value})
        for i, value in enumerate(values)
    )
    ids = tuple(c.id for c in cases)
    kept, tested = ids[: len(ids) - test], ids[len(ids) - test :]
    splits = Splits(
        origin="made: seed 0", grouped_by="case", folds=(Fold(train=kept[2:], validation=kept[:2]),), test=tested
    )
    fields = {"name": "x", "root": str(folder), "layout": "npz", "ndim": 2, "channels": ("x",)} | more
    data = Dataset(cases=cases, targets={"t": target}, splits=splits, **fields)
    return data, compute_fingerprint(data, folder, target="t")


def plan_for(data: Dataset, found: Fingerprint, **request: object) -> Plan:
    budget = Budget(seconds=600.0, memory_bytes=8 * 2**30, disk_bytes=10**12, cores=2)
    return make_plan(data, found, Request("data", budget, **request))


def test_missing_labels_are_no_negatives_in_the_weights(tmp_path):
    """Of 40 cases 4 have the spot, 4 have not, and 32 are not known: as many with as without, so the weight is 1."""
    spots = [1] * 4 + [0] * 4 + [None] * 32
    values = [{"spot": s, "stripe": n % 2} for n, s in enumerate(spots)]
    data, found = made(tmp_path, values, LABELS)
    assert found.targets["t"].known == {"spot": 8, "stripe": 40}
    plan = plan_for(data, found)
    assert plan["loss.class_weights"] == [1.0, 1.0]
    decision = plan.decisions["loss.missing_labels"]
    assert decision.value == "ignore"
    assert "spot in 32" in decision.because
    assert "stripe" not in decision.because


def test_cases_without_their_class_are_said_to_take_no_part(tmp_path):
    plan = plan_for(*made(tmp_path, ["well", "ill"] * 10 + [None] * 3, CLASS))
    assert "3 of 23 cases lack their class" in plan.decisions["loss.missing_labels"].because


@pytest.mark.parametrize(
    ("key", "wrong", "allowed"),
    [
        ("loss.missing_labels", "negative", "ignore"),
        ("preprocess.channel_grid", "mean", "refuse"),
        ("memory_format", "fortran", "contiguous"),
    ],
)
def test_value_that_would_do_nothing_is_refused_with_those_allowed(tmp_path, key, wrong, allowed):
    data, found = made(tmp_path, ["well", "ill"] * 10, CLASS)
    with pytest.raises(OptionError) as caught:
        plan_for(data, found, overrides={key: wrong})
    assert allowed in str(caught.value)


def test_channels_on_other_grids_are_said(tmp_path):
    problem = Problem(level="note", code="channels_on_other_grids", message="m", cases=("c1", "c2"))
    two = made(tmp_path, ["well", "ill"] * 10, CLASS, problems=(problem,), channels=("x", "y"))
    decision = plan_for(*two).decisions["preprocess.channel_grid"]
    assert decision.value == "reference"
    assert "2 cases" in decision.because


def test_all_folds_in_the_fingerprint_are_said_and_cannot_be_denied(tmp_path):
    data, found = made(tmp_path, ["well", "ill"] * 10, CLASS)
    assert plan_for(data, found)["fingerprint.cases"] == "training part"
    decision = plan_for(data, found, fold="all").decisions["fingerprint.cases"]
    assert decision.value == "all folds"
    assert "evaluates" in decision.because
    with pytest.raises(OptionError, match="follows from --fold"):
        plan_for(data, found, fold="all", overrides={"fingerprint.cases": "training part"})


def test_test_part_without_a_usable_case_leaves_a_tenth_to_fit_on(tmp_path):
    """The rule and the division into parts ask the same question: else nothing would be held back or evaluated."""
    from diascope.train.parts import parts_of

    values = ["well", "ill"] * 12
    data, found = made(tmp_path, [*values, None, None], CLASS, test=2)
    plan = plan_for(data, found)
    assert plan["calibrate.held_back"] == 0.1
    parts = parts_of(data, plan, 0)
    assert parts.split == "validation"
    assert parts.calibrate
    used, numbers = made(tmp_path, [*values, "ill", "well"], CLASS, test=2)
    assert plan_for(used, numbers)["calibrate.held_back"] == 0.0
