"""A full disk: exit code 1, the file's name, nothing half-written, and what was there before stays."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from made_data import write_msd
from tiny_runs import SMALL, remains, words

from diascope.cli.app import main
from diascope.core.documents.run import Run

TWO_STEPS = words({**SMALL, "schedule.steps": "2"})


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch):
    """Return a function after which the disk is full for each file whose name holds a text; None frees it again."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files cannot be named on this system")
    sync = os.fsync

    def fill(name: str | None) -> None:
        def fsync(handle: int) -> None:
            if name is not None and name in Path(os.readlink(f"/proc/self/fd/{handle}")).name:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(handle)

        monkeypatch.setattr(os, "fsync", fsync)

    return fill


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*words: object) -> tuple[int, str]:
        code = main([str(w) for w in words])
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return code, told.err

    return call


@pytest.mark.parametrize("name", ["report.html", "metrics.json", "cases.csv", "model_card.md"])
def test_evaluation_keeps_the_earlier_file(name: str, measured_run: Path, tmp_path: Path, full, run):
    mine = shutil.copytree(measured_run, tmp_path / "run")
    before = (mine / name).read_bytes()
    full(name)
    code, told = run("evaluate", mine, "--quick")
    assert code == 1
    assert f"the disk is full: {name} could not be written" in told
    assert (mine / name).read_bytes() == before
    assert not remains(mine)


@pytest.mark.parametrize("name", ["index.json", "c0", "plan.yaml"])
def test_training_that_could_not_write_is_taken_up_again(name: str, discs: Path, tmp_path: Path, full, run):
    out = tmp_path / "run"
    line = ("train", discs, "--out", out, *TWO_STEPS)
    full(name)
    code, told = run(*line)
    assert code == 1
    assert "the disk is full" in told
    assert not remains(out)
    full(None)
    code, told = run(*line, "--resume")
    assert code == 0, told
    assert Run.load(out / "run.json").status == "done"


def test_prediction_leaves_no_half_image(measured_run: Path, discs: Path, tmp_path: Path, full, run):
    full("c01.png")
    out = tmp_path / "out"
    code, told = run("predict", measured_run, discs / "images", "--out", out)
    assert code == 1
    assert "the disk is full: c01.png could not be written" in told
    assert [p.name for p in out.iterdir()] == ["c00.png"]


def test_cache_leaves_no_part(discs: Path, tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIASCOPE_CACHE", str(tmp_path / "cache"))

    def save(file, array, **_: object) -> None:
        file.write(array.tobytes()[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", save)
    line = ("train", discs, "--out", tmp_path / "run", *TWO_STEPS, "--set", "cache.mode=mapped")
    code, told = run(*line)
    assert code == 1
    assert "the disk is full" in told
    assert "case c" in told
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


@pytest.mark.parametrize("command", ["inspect", "plan"])
def test_written_document_is_whole_or_not_there(command: str, tmp_path: Path, full, run):
    data = write_msd(tmp_path / "data")
    full("written.yaml")
    code, told = run(command, data, "--write", tmp_path / "written.yaml")
    assert code == 1
    assert "the disk is full: written.yaml could not be written" in told
    assert not list(tmp_path.glob("*.yaml"))
    assert not remains(tmp_path)


def test_weights_that_did_not_fit_are_told_as_the_system_tells_it(tmp_path: Path):
    """Safetensors has an error of its own, in which the system's number is only words."""
    resource = pytest.importorskip("resource", reason="file sizes are limited as on POSIX")
    import torch
    from safetensors.torch import save_file

    from diascope.train import checkpoint

    tensors, path = {"a": torch.zeros(99999)}, tmp_path / "model.safetensors"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            checkpoint._write(path, lambda name: save_file(tensors, name))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(path)
    assert not list(tmp_path.iterdir())
