"""Several processes: they share the batch alike, and an error in one of them keeps its exit code."""

import signal

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from torch.multiprocessing.spawn import ProcessRaisedException

from diascope.core.documents.plan import Decision, Plan
from diascope.core.errors import BudgetError, OptionError
from diascope.train import stage
from diascope.train.processes import guard, launch


class Launcher:
    """What Fabric's launcher does with an error in a process: all that is left of it is text."""

    def launch(self, work) -> None:
        try:
            work(self)
        except BudgetError:
            raise ProcessRaisedException("Traceback …\nBudgetError: too short", 0, 1) from None


def test_budget_that_is_too_small_in_a_process_ends_with_2(tmp_path):
    def work(_: object) -> None:
        with guard(tmp_path / "error.json"):
            error = BudgetError("too short", expected="9 s", got=3, fix="give more")
            error.add_note("case a")
            raise error

    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(BudgetError, match="too short") as caught:
            launch(Launcher(), work, tmp_path / "error.json")  # type: ignore[arg-type]
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught.value.exit_code == 2
    assert (caught.value.expected, caught.value.got, caught.value.fix) == ("9 s", "3", "give more")
    assert "case a" in caught.value.describe()


def test_batch_that_processes_cannot_share_is_refused():
    decision = Decision(value=4, rule="test", because="the test says so")
    plan = Plan(
        dataset="", dataset_digest="", fingerprint_digest="", task="segmentation", target="mask", fold=0, seed=0,
        decisions={"batch.size": decision},
    )  # fmt: skip
    stage._check_devices(plan, 2)
    with pytest.raises(OptionError, match="shared by 3 processes") as caught:
        stage._check_devices(plan, 3)
    assert "batch.size to 6" in caught.value.fix
