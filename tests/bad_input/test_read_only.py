"""A folder that may not be written to: exit code 2 before any work is done, whoever the user is."""

import os
import sys
from pathlib import Path

import pytest
from without_privileges import CANNOT, run_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="permissions are given up as on Linux")


@pytest.fixture
def locked(tmp_path: Path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


@pytest.mark.parametrize("command", ["inspect", "plan", "train", "predict", "evaluate", "demo"])
def test_read_only_folder_is_refused_by_name(command: str, locked: Path, discs: Path, tmp_path: Path):
    lines = {
        "inspect": [discs, "--write", locked / "dataset.yaml"],
        "plan": [discs, "--write", locked / "plan.yaml"],
        "train": [discs, "--out", locked / "run"],
        "predict": [tmp_path, discs / "images/c00.png", "--out", locked],
        "evaluate": [locked],
        "demo": ["--out", locked / "demo"],
    }
    done = run_command(command, *lines[command])
    if done.returncode == CANNOT:
        pytest.skip("this system does not let a superuser give up rights")
    assert done.returncode == 2, done.stderr
    assert "the folder locked is read-only" in done.stderr
    assert "what to do: choose another " + ("--write" if command in {"inspect", "plan"} else "--out") in done.stderr
    assert "read " not in done.stderr.replace("is read-only", ""), "the data were read before"
    assert "Traceback" not in done.stderr
    assert not os.listdir(locked)
