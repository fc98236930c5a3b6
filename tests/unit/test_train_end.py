"""How much time is kept for the end, and when mirrored prediction is given up for it."""

import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import BudgetError
from diascope.core.settings import Settings
from diascope.curate.documents import load_dataset
from diascope.evaluate.sections_cases import choose
from diascope.predict.answers import label_map
from diascope.train import reserve, stage
from diascope.train.heldout import Fold
from diascope.train.parts import Parts, parts_of
from diascope.train.reserve import EndTimes, time_end

PARTS = Parts(("a", "b", "c"), ("d",), ("d",), ("e", "f"), "validation", "nothing")
MIRRORED, PLAIN = 50.0, 20.0


@pytest.fixture
def decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that decides for a budget, where mirroring takes 30 s more than the 20 s without it."""
    monkeypatch.setattr(EndTimes, "seconds", lambda *_, mirror, members: MIRRORED if mirror else PLAIN)
    monkeypatch.setattr(stage, "time_end", lambda *_: EndTimes(1.0, 1.0))

    def run(budget: float, *, chosen_by: str = "rule", replays: bool = False, passed: float = 0.0):
        values = {"predict.mirror": ([0, 1], chosen_by), "budget.seconds": (budget, "rule")}
        decisions = {k: Decision(value=v, rule="r", because="b", chosen_by=c) for k, (v, c) in values.items()}
        plan = Plan(
            dataset="d", dataset_digest="0", fingerprint_digest="1", task="segmentation", target="t", fold=0, seed=0,
            decisions=decisions,
        )  # fmt: skip
        started = time.time() - passed
        training = stage.Training(plan, None, None, tmp_path, Settings(), started)  # type: ignore[arg-type]
        return stage._measure_end(training, plan, [Fold(0, PARTS, ())], replays=replays)

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


def test_what_was_chosen_stays(decide):
    plan, reserve = decide(299.0, chosen_by="user")
    assert (plan["predict.mirror"], reserve) == ([0, 1], MIRRORED)


def test_a_replay_times_nothing_and_keeps_nothing_back(decide, monkeypatch: pytest.MonkeyPatch):
    def timed(*_: object) -> None:
        raise AssertionError("a recorded plan was timed")

    monkeypatch.setattr(stage, "time_end", timed)
    plan, reserve = decide(299.0, replays=True)
    assert (plan["predict.mirror"], reserve) == ([0, 1], 0.0)


def test_a_run_that_is_taken_up_again_keeps_what_it_began_with(decide, tmp_path: Path):
    """A slower machine at the second try would else give other predictions than the first one's."""
    (tmp_path / "members/00").mkdir(parents=True)
    (tmp_path / "members/00/schedule.json").write_text("{}")
    plan, reserve = decide(299.0)
    assert (plan["predict.mirror"], reserve) == ([0, 1], MIRRORED)


def test_no_time_for_the_end_is_refused(decide):
    with pytest.raises(BudgetError, match="the held-out cases alone take longer"):
        decide(60.0, passed=45.0)


TIMES = EndTimes(reading=1.0, passing=10.0, finishing=100.0, viewing=1000.0, learning=10000.0, most_learned=100)


@pytest.mark.parametrize(
    ("folds", "mirror", "members", "expected"),
    [
        # two cases read, passed and finished; one fitted on; two seen; three references learned
        ([PARTS], 0, 1, 2 * 111 + 11 + 2 * 1000 + 3 * 10000),
        ([PARTS], 2, 1, 2 * 141 + 41 + 2 * 1000 + 3 * 10000),
        ([PARTS], 0, 3, 2 * 131 + 31 + 2 * 1000 + 3 * 10000),
        ([PARTS, PARTS], 0, 1, 2 * (2 * 111 + 11 + 3 * 10000) + 4 * 1000),
        # the folds' networks all predict the same two cases, and their training cases are counted once
        ([replace(PARTS, split="test")] * 2, 0, 1, 2 * 121 + 2 * 11 + 2 * 1000 + 3 * 10000),
        ([replace(PARTS, train=tuple(map(str, range(500))))], 0, 1, 2 * 111 + 11 + 2 * 1000 + 100 * 10000),
    ],
)
def test_each_part_of_the_end_is_kept_as_often_as_it_happens(folds, mirror, members, expected):
    kept = TIMES.seconds([Fold(n, p, ()) for n, p in enumerate(folds)], mirror=mirror, members=members)
    assert kept == expected + reserve.REPORT_SECONDS


def test_count_is_that_of_the_evaluation():
    """It stands above training, which cannot ask it."""
    assert len(choose(range(9), few=True)) == reserve.PICTURES


@pytest.fixture
def timed(measured_run: Path, tmp_path: Path):
    """Return a function that times the end of the tiny run."""
    dataset, plan = load_dataset(measured_run / "dataset.yaml"), Plan.load(measured_run / "plan.yaml")
    return lambda: time_end(tmp_path, dataset, plan, Fold(0, parts_of(dataset, plan, 0), ()))


def test_writing_reading_and_scoring_are_timed(timed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def slower(place: ModuleType, name: str, seconds: float) -> None:
        function = getattr(place, name)

        def slow(*args: object, **options: object) -> object:
            time.sleep(seconds)
            return function(*args, **options)

        monkeypatch.setattr(place, name, slow)

    slower(label_map, "read_labels", 0.03)
    for name, seconds in (("write_answer", 0.01), ("read_target", 0.02), ("nothing_fitted", 0.05)):
        slower(reserve, name, seconds)  # the last is asked for in each of the two scorings
    times = timed()
    assert times.finishing >= 0.01 + 0.02 + 0.03 + 2 * 0.05
    assert times.viewing >= 0.02 + 0.03
    assert 0.02 <= times.learning < 0.03 + 0.02
    assert not list(tmp_path.iterdir())


def test_timing_tiny_pictures_takes_far_less_than_a_twentieth_of_a_minute(timed):
    begun = time.perf_counter()
    timed()
    assert time.perf_counter() - begun < 0.05 * 60


@pytest.mark.parametrize(("shares", "taken"), [((1.0, 1.0), 3), ((0.0, 1.0), 2), ((0.0, 0.0), 1)])
def test_slow_cases_are_timed_no_longer_than_a_part_of_the_budget(timed, monkeypatch, shares, taken):
    seen = []
    monkeypatch.setattr(reserve, "TIMED_SHARE", shares[0])
    monkeypatch.setattr(reserve, "LARGEST_SHARE", shares[1])
    monkeypatch.setattr(reserve, "_time_case", lambda *_: seen.append(0) or EndTimes(len(seen), 1.0))
    assert timed().reading == {3: 2.5, 2: 2.0, 1: 1.0}[taken]  # without the first, where there are others
    assert len(seen) == taken
