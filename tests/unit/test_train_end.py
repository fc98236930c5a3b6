"""How much time is kept for the end, and when mirrored prediction is given up for it."""

import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import BudgetError
from diascope.core.settings import Settings
from diascope.train import stage

MIRRORED, PLAIN = 50.0, 20.0


@pytest.fixture
def decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that decides for a budget, where mirroring takes 30 s more than the 20 s without it."""
    monkeypatch.setattr(stage, "reserve_seconds", lambda *_, mirror, members: MIRRORED if mirror else PLAIN)

    def run(budget: float, *, chosen_by: str = "rule", replays: bool = False, passed: float = 0.0):
        values = {"predict.mirror": ([0, 1], chosen_by), "budget.seconds": (budget, "rule")}
        decisions = {k: Decision(value=v, rule="r", because="b", chosen_by=c) for k, (v, c) in values.items()}
        plan = Plan(
            dataset="d", dataset_digest="0", fingerprint_digest="1", task="segmentation", target="t", fold=0, seed=0,
            decisions=decisions,
        )  # fmt: skip
        started = time.time() - passed
        training = stage.Training(plan, None, None, tmp_path, Settings(), started)  # type: ignore[arg-type]
        return stage._measure_end(training, plan, [], replays=replays)

    return run


def test_mirroring_is_given_up_where_it_takes_more_than_a_tenth_of_the_budget(decide, tmp_path: Path):
    plan, reserve = decide(299.0)
    decision = plan.decisions["predict.mirror"]
    assert (decision.value, decision.chosen_by, reserve) == ([], "measured", PLAIN)
    assert "30 s more, over 10% of the time" in decision.because
    assert Plan.load(tmp_path / "plan.yaml")["predict.mirror"] == []


def test_mirroring_stays_where_there_is_time(decide):
    plan, reserve = decide(301.0)
    assert (plan["predict.mirror"], reserve) == ([0, 1], MIRRORED)


@pytest.mark.parametrize("how", [{"chosen_by": "user"}, {"replays": True}])
def test_what_was_chosen_or_recorded_stays(decide, how: dict):
    plan, reserve = decide(299.0, **how)
    assert (plan["predict.mirror"], reserve) == ([0, 1], MIRRORED)


def test_a_run_that_is_taken_up_again_keeps_what_it_began_with(decide, tmp_path: Path):
    """A slower machine at the second try would else give other predictions than the first one's."""
    (tmp_path / "members/00").mkdir(parents=True)
    (tmp_path / "members/00/schedule.json").write_text("{}")
    plan, reserve = decide(299.0)
    assert (plan["predict.mirror"], reserve) == ([0, 1], MIRRORED)


def test_no_time_for_the_end_is_refused(decide):
    with pytest.raises(BudgetError, match="the held-out cases alone take longer"):
        decide(60.0, passed=45.0)
