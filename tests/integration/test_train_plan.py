"""A plan as written, recorded or edited is carried out as it stands."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from safetensors.numpy import load_file
from tiny_runs import SMALL, edit_plan, words

from diascope import api
from diascope.cli.app import main
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.train import member

PEAK, STEPS, CUT = 2e-3, 10, [6, 8]


def weights(run: Path) -> dict[str, np.ndarray]:
    return load_file(run / "members/00/model.safetensors")


def same_weights(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return all(np.array_equal(value, second[name]) for name, value in first.items())


def rates(run: Path) -> list[float]:
    """Return the learning rate of each step, as the log has it."""
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [r["lr"] for r in records if r["event"] == "step"]


@pytest.fixture(scope="module")
def cut_plan(tiny_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan that records ten steps, cut after the sixth to eight."""
    file = tmp_path_factory.mktemp("cut") / "plan.yaml"
    return edit_plan(
        tiny_plan, file, schedule__steps=[STEPS], schedule__cuts=[CUT], optimiser__learning_rate=PEAK,
        schedule__warmup=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cut_run(cut_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return that plan, carried out."""
    return api.train(cut_plan, out=tmp_path_factory.mktemp("runs") / "run")


def test_recorded_cut_is_carried_out_without_measuring(cut_plan: Path, cut_run: Path, tmp_path: Path, monkeypatch):
    def measure(*_: object, **__: object) -> float:
        raise AssertionError("a recorded plan was measured")

    monkeypatch.setattr(member, "measure_step", measure)
    again = api.train(cut_plan, out=tmp_path / "again")
    facts = Run.load(again / "run.json")
    assert facts.replays
    assert facts.members[0].steps == CUT[1]
    assert not list(again.glob("members/*/schedule.json"))
    assert same_weights(cut_run, again)
    assert (again / "metrics.json").read_text() == (cut_run / "metrics.json").read_text()


def test_learning_rate_goes_to_its_end_faster_after_the_cut(cut_run: Path):
    shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8]  # the two steps after the cut go through the last four tenths
    expected = [PEAK * 0.5 * (1 + math.cos(math.pi * share)) for share in shares]
    np.testing.assert_allclose(rates(cut_run), expected, rtol=1e-6)


def test_one_number_of_steps_for_all_members_keeps_its_cut(cut_plan: Path, cut_run: Path, tmp_path: Path):
    plan = edit_plan(cut_plan, tmp_path / "plan.yaml", schedule__steps=STEPS)
    run = api.train(plan, out=tmp_path / "run")
    assert Run.load(run / "run.json").members[0].steps == CUT[1]
    assert same_weights(cut_run, run)


@pytest.mark.parametrize("cuts", [[[6, 20]], [[8, 6]], [[6]], [[0, 0]]])
def test_impossible_cut_is_refused_by_name(cuts: list, cut_plan: Path, tmp_path: Path, capsys):
    plan = edit_plan(cut_plan, tmp_path / "plan.yaml", schedule__cuts=cuts)
    assert main(["train", str(plan), "--out", str(tmp_path / "run")]) == 2
    assert "schedule.cuts" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_no_step_at_all_is_refused_by_name(cut_plan: Path, tmp_path: Path, capsys):
    plan = edit_plan(cut_plan, tmp_path / "plan.yaml", schedule__steps=0, schedule__cuts=None)
    assert main(["train", str(plan), "--out", str(tmp_path / "run")]) == 2
    assert "schedule.steps" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_edited_values_are_trained_with(cut_plan: Path, cut_run: Path, tmp_path: Path, monkeypatch):
    seen = []
    batches = member.Batches
    monkeypatch.setattr(member, "Batches", lambda *a, **k: seen.append(k.get("patch")) or batches(*a, **k))
    plan = edit_plan(cut_plan, tmp_path / "plan.yaml", patch__size=[12, 12], optimiser__learning_rate=PEAK / 4)
    run = api.train(plan, out=tmp_path / "run")
    np.testing.assert_allclose(rates(run), np.asarray(rates(cut_run)) / 4, rtol=1e-6)
    assert seen[0] == (12, 12)
    assert Plan.load(run / "plan.yaml")["patch.size"] == [12, 12]
    assert not same_weights(cut_run, run)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"patch__size": "big"}, ["patch.size has the wrong type", "big"]),
        ({"optimiser__learning_rate": "fast"}, ["optimiser.learning_rate has the wrong type", "fast"]),
        ({"cache__mode": "maped"}, ["cache.mode has the wrong type", "'memory' or 'mapped'"]),
        ({"patch__size": [10, 10]}, ["patch.size is not divisible by the strides", "[4, 4]"]),
        ({"network__features": [4, 8]}, ["under network."]),
    ],
)
def test_impossible_edit_is_refused_by_name_and_leaves_no_run(
    change: dict, says: list[str], cut_plan: Path, tmp_path: Path, capsys
):
    plan = edit_plan(cut_plan, tmp_path / "plan.yaml", **change)
    assert main(["train", str(plan), "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert all(word in told for word in says), told
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


def test_impossible_values_on_the_command_line_leave_no_run(discs: Path, tmp_path: Path, capsys):
    overrides = {**SMALL, "predict.window": "[10, 10]"}
    line = ["train", str(discs), "--out", str(tmp_path / "run"), *words(overrides)]
    assert main(line) == 2
    assert "predict.window" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
