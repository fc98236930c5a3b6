"""Ctrl-C at moments where no checkpoint is there yet: nothing is promised that is not kept."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from tiny_runs import SMALL, words

from diascope import curate
from diascope.cli.app import main
from diascope.core.documents.run import Run
from diascope.train import member

OVERRIDES = words({**SMALL, "schedule.largest_steps": "2"})


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_while_steps_are_measured(discs: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "run"
    line = ["train", str(discs), "--out", str(out), *OVERRIDES]
    with monkeypatch.context() as patch:
        patch.setattr(member, "measure_step", interrupt)
        assert main(line) == 130
    told = capsys.readouterr().err
    assert "checkpoint" not in told
    assert "no step was done yet, only the plan is kept" in told
    assert "Traceback" not in told
    assert main([*line, "--resume"]) == 0, capsys.readouterr().err
    assert Run.load(out / "run.json").status == "done"


def test_while_data_are_read(discs: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(curate, "read_dataset", interrupt, raising=False)
    assert main(["train", str(discs), "--out", str(tmp_path / "run"), *OVERRIDES]) == 130
    told = capsys.readouterr().err
    assert "checkpoint" not in told
    assert "nothing is kept. Begin again with:" in told
    assert "--resume" not in told
    assert not (tmp_path / "run").exists()
