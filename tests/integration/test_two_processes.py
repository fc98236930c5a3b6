"""Two processes that train one network, by the command line: measured steps, Ctrl-C, and errors of theirs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from tiny_runs import SMALL, remains, words

from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run

PROGRAM = Path(sys.executable).with_name("diascope")


def begin(*line: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    command = [str(PROGRAM), "train", *map(str, line), "--devices", "2"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for_steps(run: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.time() + 120
    while time.time() < deadline and process.poll() is None and not (run / "log.jsonl").exists():
        time.sleep(0.05)


def test_measured_steps_interrupted_and_resumed(discs: Path, tmp_path: Path):
    run = tmp_path / "run"
    line = (discs, "--out", run, "--budget", "150s", *words({**SMALL, "schedule.largest_steps": "2000"}))
    process = begin(*line)
    wait_for_steps(run, process)
    process.send_signal(signal.SIGINT)  # to the first process alone: it hands it on
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "the last checkpoint is kept" in told
    assert "Traceback" not in told
    assert list(run.glob("members/00/checkpoint/step-*.safetensors"))
    shorten(run)
    process = begin(*line, "--resume")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    steps = Plan.load(run / "plan.yaml").decisions["schedule.steps"]
    assert steps.chosen_by == "measured"
    told_steps = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert {line["processes"] for line in told_steps if line["event"] == "step"} == {2}
    assert Run.load(run / "run.json").status == "done"
    assert not remains(run)
    assert not list(run.rglob("error.json"))


def shorten(run: Path) -> None:
    """Let the schedule end soon after the step at which it was interrupted."""
    path = run / "members/00/schedule.json"
    schedule = json.loads(path.read_text())
    last = sorted(run.glob("members/00/checkpoint/step-*.safetensors"))[-1]
    schedule["steps"] = int(last.stem.partition("-")[2]) + 5
    path.write_text(json.dumps(schedule))


def test_error_in_a_process_is_told_as_it_was(discs: Path, tmp_path: Path):
    """A learning rate beyond all bounds: the second loss is not finite."""
    run = tmp_path / "run"
    wild = {**SMALL, "schedule.steps": "50", "optimiser.learning_rate": "1e30", "schedule.warmup": "0"}
    process = begin(discs, "--out", run, *words(wild))
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "is not finite at step" in told
    assert "--set optimiser.learning_rate" in told
    assert "Traceback" not in told
    assert not list(run.rglob("error.json"))
