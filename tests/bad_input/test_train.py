"""Bad input to plan and train: the right exit code, a message with what to do, no traceback, nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.cli.app import main

pytest.importorskip("torch", reason="training comes with the extra 'train'")

TINY = (
    "network.features=[4, 8, 8]",
    "network.strides=[[1, 1], [2, 2], [2, 2]]",
    "network.kernels=[[3, 3], [3, 3], [3, 3]]",
    "network.deep_supervision=0",
    "patch.size=[16, 16]",
    "predict.window=[16, 16]",
    "batch.size=2",
)


def sets(*more: str) -> list[str]:
    return [word for value in (*TINY, *more) for word in ("--set", value)]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Return ten tiny pictures with masks."""
    root, rng = tmp_path / "data", np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(10):
        mask = np.zeros((16, 16), np.uint8)
        mask[4 : 8 + i % 3, 5:11] = 1
        Picture.fromarray((rng.integers(0, 99, mask.shape) + 100 * mask).astype(np.uint8)).save(
            root / "images" / f"c{i}.png"
        )
        Picture.fromarray(mask).save(root / "masks" / f"c{i}.png")
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*words: object) -> tuple[int, str]:
        code = main([str(w) for w in words])
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return code, told.err + told.out

    return call


def test_two_targets_and_none_chosen_are_listed(tmp_path: Path, run):
    rng = np.random.default_rng(0)
    rows = ["image,colour,size"]
    for i in range(12):
        Picture.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8)).save(tmp_path / f"{i}.png")
        rows.append(f"{i}.png,{'red' if i % 2 else 'blue'},{'big' if i % 3 else 'small'}")
    (tmp_path / "cases.csv").write_text("\n".join(rows))
    for verb in ("plan", "train"):
        more = ["--out", tmp_path / "run"] if verb == "train" else []
        code, text = run(verb, tmp_path, *more)
        assert code == 2
        assert "colour" in text
        assert "size" in text
        assert "--target" in text
    assert not (tmp_path / "run").exists()


def test_unknown_key_names_the_nearest(pairs: Path, run):
    code, text = run("plan", pairs, "--set", "pach.size=[8, 8]")
    assert code == 2
    assert "patch.size" in text


def test_value_of_the_wrong_type_is_refused(pairs: Path, run):
    code, text = run("plan", pairs, "--set", "batch.size=many")
    assert code == 2
    assert "batch.size" in text


def test_budget_too_small_for_one_step(pairs: Path, tmp_path: Path, run):
    code, text = run("train", pairs, "--budget", "1s", "--out", tmp_path / "run", *sets())
    assert code == 2
    assert "--budget" in text


def test_memory_too_small_for_any_network(pairs: Path, tmp_path: Path, run):
    code, text = run("train", pairs, "--memory", "10MB", "--out", tmp_path / "run")
    assert code == 2
    assert "--memory" in text
    assert not (tmp_path / "run").exists()


def test_output_below_a_file_is_refused(pairs: Path, tmp_path: Path, run):
    (tmp_path / "file").write_text("x")
    code, text = run("train", pairs, "--out", tmp_path / "file" / "run", *sets())
    assert code == 2
    assert "file" in text


def test_full_disk_is_said_and_nothing_is_half_written(pairs: Path, tmp_path: Path, run, monkeypatch):
    from diascope.train import checkpoint

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "run" / "model.safetensors"))

    monkeypatch.setattr(checkpoint, "save_file", full)
    code, text = run("train", pairs, "--out", tmp_path / "run", *sets("schedule.steps=2"))
    assert code == 1
    assert "disk is full" in text
    assert not [p for p in (tmp_path / "run").rglob("*") if p.name.startswith(".")]


def test_unknown_run_is_refused(tmp_path: Path, pairs: Path, run):
    code, text = run("predict", tmp_path, pairs / "images" / "c0.png", "--out", tmp_path / "out")
    assert code == 2
    assert "no run" in text


def test_corrupt_checkpoint_falls_back_to_the_one_before(pairs: Path, tmp_path: Path, run, monkeypatch):
    from diascope.train import member

    monkeypatch.setattr(member, "CHECKPOINT_SECONDS", 0)
    out = tmp_path / "run"
    assert run("train", pairs, "--out", out, *sets("schedule.steps=4"))[0] == 0
    (out / "members" / "00" / "model.safetensors").unlink()
    facts = (out / "run.json").read_text()
    start, end = facts.index('"members"'), facts.index('"seconds"', facts.index("weights_digest"))
    resumed = facts[:start] + '"members": [],\n ' + facts[end:]
    (out / "run.json").write_text(resumed.replace('"done"', '"training"'))
    newest = sorted((out / "members" / "00" / "checkpoint").glob("*.safetensors"))[-1]
    newest.write_bytes(b"damaged")
    code, text = run("train", pairs, "--out", out, "--resume")
    assert code == 0, text
    assert "going on from step 3" in text
    assert "damaged checkpoint" in (out / "log.jsonl").read_text()


def test_ctrl_c_keeps_a_checkpoint_and_says_how_to_go_on(pairs: Path, tmp_path: Path):
    out = tmp_path / "run"
    words = ["train", str(pairs), "--out", str(out), *sets("schedule.steps=20000")]
    code = f"import sys; from diascope.cli.app import main; sys.exit(main({words!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.time() + 120
    while time.time() < deadline and not ((out / "log.jsonl").exists() and (out / "log.jsonl").stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in told
    assert "Traceback" not in told
    assert list((out / "members" / "00" / "checkpoint").glob("step-*.safetensors"))
