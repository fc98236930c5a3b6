"""Training from data to report on small generated data: repeatable, resumable, on several processes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from safetensors.numpy import load_file

from diascope import api
from diascope.core.documents.metrics import Metrics
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import BudgetError, InputError

SMALL = {
    "network.features": "[4, 8, 8]",
    "network.strides": "[[1, 1], [2, 2], [2, 2]]",
    "network.kernels": "[[3, 3], [3, 3], [3, 3]]",
    "network.deep_supervision": "1",
    "patch.size": "[24, 24]",
    "batch.size": "2",
    "predict.window": "[24, 24]",
}
QUICK = {**SMALL, "schedule.steps": "6"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    """Return a folder of bright discs on noise with their masks; the folder's name has a blank and an umlaut."""
    root = tmp_path_factory.mktemp("data") / "Bilder für Tests"
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(12):
        y, x = np.mgrid[:24, :26]
        mask = ((y - rng.integers(8, 16)) ** 2 + (x - rng.integers(8, 18)) ** 2 < 36).astype(np.uint8)
        image = (rng.normal(1000, 100, mask.shape) + 800.0 * mask).astype(np.uint16)
        Picture.fromarray(image).save(root / "images" / f"c{i:02d}.png")
        Picture.fromarray(mask).save(root / "masks" / f"c{i:02d}.png")
    return root


@pytest.fixture(scope="module")
def trained(pairs, tmp_path_factory) -> Path:
    """Return a finished run."""
    return api.train(pairs, out=tmp_path_factory.mktemp("runs") / "run", overrides=QUICK)


def weights(run: Path, member: str = "00") -> dict:
    return load_file(run / "members" / member / "model.safetensors")


def assert_equal_weights(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_run_folder_is_whole(trained):
    names = {p.name for p in trained.iterdir()}
    expected = {"run.json", "dataset.yaml", "fingerprint.json", "plan.yaml", "log.jsonl", "members", "predictions"}
    assert expected | {"metrics.json", "cases.csv", "report.html", "model_card.md"} <= names
    run = Run.load(trained / "run.json")
    assert run.status == "done"
    assert Metrics.load(trained / "metrics.json").cases == 3


def test_documents_form_a_chain(trained):
    plan, run = Plan.load(trained / "plan.yaml"), Run.load(trained / "run.json")
    assert run.plan_digest == plan.digest()
    assert json.loads((trained / "fingerprint.json").read_text())["dataset_digest"] == plan.dataset_digest


def test_same_plan_gives_bit_equal_weights(trained, tmp_path):
    again = api.train(trained / "plan.yaml", out=tmp_path / "again")
    assert_equal_weights(trained, again)
    assert (again / "metrics.json").read_text() == (trained / "metrics.json").read_text()


def test_other_seed_gives_other_weights(pairs, trained, tmp_path):
    other = api.train(pairs, out=tmp_path / "other", overrides=QUICK, seed=1)
    assert any((a != b).any() for a, b in zip(weights(trained).values(), weights(other).values(), strict=True))


KILLED = """
import sys
from diascope import api
from diascope.train import member
member.CHECKPOINT_SECONDS = 0
api.train(sys.argv[1], out=sys.argv[2], overrides={overrides!r}, resume="--resume" in sys.argv)
"""


def _process(data, run, overrides, *more) -> subprocess.Popen:
    code = KILLED.format(overrides=overrides)
    command = [sys.executable, "-c", code, str(data), str(run), *more]
    return subprocess.Popen(command, env={**os.environ, "PYTHONWARNINGS": "ignore"})


def test_killed_and_resumed_run_ends_bit_equal(pairs, tmp_path):
    """kill -9 in the middle of training; what follows from the checkpoint is what would have followed anyway."""
    overrides = {**SMALL, "schedule.steps": "60"}
    whole = api.train(pairs, out=tmp_path / "whole", overrides=overrides)
    process = _process(pairs, tmp_path / "killed", overrides)
    checkpoints = tmp_path / "killed" / "members" / "00" / "checkpoint"
    deadline = time.time() + 120
    while time.time() < deadline and len(list(checkpoints.glob("step-*.safetensors"))) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "members" / "00" / "model.safetensors").exists()
    assert _process(pairs, tmp_path / "killed", overrides, "--resume").wait() == 0
    assert_equal_weights(whole, tmp_path / "killed")
    assert Run.load(tmp_path / "killed" / "run.json").status == "done"


def test_measured_steps_and_budget_are_recorded(pairs, tmp_path):
    begun = time.time()
    run = api.train(pairs, out=tmp_path / "run", budget=25.0, overrides=SMALL)
    plan = Plan.load(run / "plan.yaml")
    steps = plan.decisions["schedule.steps"]
    assert steps.chosen_by == "measured"
    assert steps.value[0] >= 1
    cut = plan["schedule.cuts"][0]
    assert Run.load(run / "run.json").members[0].steps == (cut[1] if cut else steps.value[0])
    assert time.time() - begun < 120  # a hang, not a measure: the budget itself is measured by `make bench`


def test_all_folds_are_pooled_out_of_fold(pairs, tmp_path):
    run = api.train(pairs, out=tmp_path / "run", fold="all", overrides={**SMALL, "schedule.steps": "2"})
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.cases == 12
    assert metrics.fold == "all"
    assert len(Run.load(run / "run.json").members) == 5


def test_two_members_differ_and_are_averaged(pairs, tmp_path):
    run = api.train(pairs, out=tmp_path / "run", members=2, overrides={**SMALL, "schedule.steps": "2"})
    one, two = weights(run, "00"), weights(run, "01")
    assert any((one[k] != two[k]).any() for k in one)


def test_run_folder_that_is_not_empty_is_refused(pairs, trained):
    with pytest.raises(InputError, match="not empty"):
        api.train(pairs, out=trained, overrides=QUICK)


def test_budget_too_small_for_one_step_is_refused(pairs, tmp_path):
    with pytest.raises(BudgetError, match="too short"):
        api.train(pairs, out=tmp_path / "run", budget=0.5, overrides=SMALL)


def test_memory_too_small_for_any_network_is_refused(pairs, tmp_path):
    with pytest.raises(BudgetError, match="memory is too small"):
        api.train(pairs, out=tmp_path / "run", memory=10**6)
    assert not (tmp_path / "run").exists()


def test_changed_data_are_noticed(trained, tmp_path):
    plan = Plan.load(trained / "plan.yaml")
    plan.model_copy(update={"dataset_digest": "0" * 16}).save(trained / "other.yaml")
    with pytest.raises(InputError, match="changed"):
        api.train(trained / "other.yaml", out=tmp_path / "run")
    (trained / "other.yaml").unlink()


def test_mapped_cases_give_the_same_weights(pairs, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("DIASCOPE_CACHE", str(tmp_path / "cache"))
    run = api.train(pairs, out=tmp_path / "run", overrides={**QUICK, "cache.mode": "mapped"})
    assert list((tmp_path / "cache").rglob("*.npy"))
    assert_equal_weights(trained, run)


def test_predict_writes_png_masks_on_the_inputs_grid(pairs, trained, tmp_path):
    done = api.predict(trained, [pairs / "images"], out=tmp_path / "out")
    assert not done.refused
    assert len(done.written) == 12
    assert np.asarray(Picture.open(done.written[0])).shape == (24, 26)


def test_bad_input_is_refused_by_name_and_the_rest_are_done(pairs, trained, tmp_path):
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    done = api.predict(trained, [bad, pairs / "images" / "c00.png"], out=tmp_path / "out")
    assert list(done.refused) == ["broken"]
    assert [p.name for p in done.written] == ["c00.png"]


def test_other_data_are_evaluated_apart(pairs, trained, tmp_path):
    """Here they are the same data: of their 12 cases 9 were trained on."""
    metrics = api.evaluate(trained, pairs, out=tmp_path / "external", quick=True)
    assert metrics.split == "external"
    assert metrics.cases == 3
    assert len(metrics.refused) == 9


def test_one_thread_is_taken_where_it_is_faster_and_recorded(pairs, tmp_path, monkeypatch):
    import torch

    from diascope.train import member

    monkeypatch.setattr(member, "measure_step", lambda *_, **__: 0.01 * torch.get_num_threads())
    before = torch.get_num_threads()
    few = {**SMALL, "machine.threads": "2", "schedule.largest_steps": "3"}
    try:
        run = api.train(pairs, out=tmp_path / "run", overrides=few)
    finally:
        torch.set_num_threads(before)
    threads = Plan.load(run / "plan.yaml").decisions["machine.threads"]
    assert (threads.value, threads.chosen_by) == (1, "measured")
    assert_equal_weights(run, api.train(run / "plan.yaml", out=tmp_path / "again"))
