"""A measured run that was killed after its training is finished without training again, with the same figures."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from tiny_runs import MEASURED

from diascope import api
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.evaluate import evaluate
from diascope.predict import heldout
from diascope.train import stage


class Killed(BaseException):
    """Stands for ``kill -9``: nothing of ours may catch it."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def refused(*_: object, **__: object) -> None:
    raise AssertionError("done a second time")


@pytest.fixture
def finish(discs: Path, measured_run: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that resumes a run, training refused, and holds its figures against the uninterrupted run's."""

    def run(out: Path) -> None:
        monkeypatch.setattr(stage, "train_member", refused)
        before = Run.load(out / "run.json")
        api.train(discs, out=out, resume=True, overrides=MEASURED)
        after = Run.load(out / "run.json")
        assert after.status == "done"
        assert [m.weights_digest for m in after.members] == [m.weights_digest for m in before.members]
        assert after.plan_digest == Plan.load(out / "plan.yaml").digest()
        for name in ("metrics.json", "cases.csv"):
            assert (out / name).read_text() == (measured_run / name).read_text()
        assert (out / "report.html").exists()

    return run


def test_killed_while_predicting(discs: Path, tmp_path: Path, finish, monkeypatch: pytest.MonkeyPatch):
    written = []
    write = heldout.write_answer

    def second_kills(folder: Path, *args: object, **options: object) -> str:
        if written:
            raise Killed
        written.append(folder)
        return write(folder, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(heldout, "write_answer", second_kills)
        with pytest.raises(Killed):
            api.train(discs, out=tmp_path / "run", overrides=MEASURED)
    run = Run.load(tmp_path / "run/run.json")
    assert (run.status, len(run.members), len(written)) == ("training", 1, 1)
    finish(tmp_path / "run")


def test_killed_while_evaluating(discs: Path, tmp_path: Path, finish, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "write_report", killed)
        with pytest.raises(Killed):
            api.train(discs, out=tmp_path / "run", overrides=MEASURED)
    assert Run.load(tmp_path / "run/run.json").status == "trained"
    monkeypatch.setattr(stage, "predict_heldout", refused)
    finish(tmp_path / "run")


def test_finished_run_is_left_as_it_is(discs: Path, measured_run: Path, tmp_path: Path, monkeypatch):
    mine = shutil.copytree(measured_run, tmp_path / "run")
    monkeypatch.setattr(stage, "run_training", refused)
    before = {p: p.stat().st_mtime_ns for p in mine.rglob("*")}
    api.train(discs, out=mine, resume=True, overrides=MEASURED)
    assert {p: p.stat().st_mtime_ns for p in mine.rglob("*")} == before
