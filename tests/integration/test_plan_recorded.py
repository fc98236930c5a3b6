"""What is asked beside a recorded plan or an unfinished run, and data that are not what was planned from."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="planning asks torch for its devices")

from made_data import write_labelled, write_png
from tiny_runs import MEASURED, SMALL, words, write_discs

from diascope import api
from diascope.cli.app import main
from diascope.core.documents.dataset import Fold
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.run import Run
from diascope.core.errors import InputError, OptionError
from diascope.curate import read_dataset
from diascope.curate.trainable import usable
from diascope.fingerprint import compute_fingerprint
from diascope.plan import recorded
from diascope.plan.planner import Request, make_plan
from diascope.plan.rule import Budget

WHOLE = {"network.features": "[4, 4, 8, 8]", "batch.size": "4", "schedule.steps": "1"}
"""Overrides that train a network over whole images in one quick step."""

BRIGHT = [str(number) for number in range(20, 30)]
"""Numbers of the pictures that have no label in a test."""


@pytest.fixture
def unfinished(measured_run: Path, tmp_path: Path) -> Path:
    """Return a run that was stopped while it was evaluated."""
    out = shutil.copytree(measured_run, tmp_path / "unfinished")
    run = Run.load(out / "run.json")
    run.model_copy(update={"status": "trained"}).save(out / "run.json")
    return out


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"budget": 7200.0}, "budget"),
        ({"memory": 123456789}, "memory"),
        ({"seed": 5}, "seed"),
        ({"fold": 2}, "fold"),
        ({"members": 2}, "members"),
        ({"overrides": {"batch.size": "3"}}, "batch.size"),
        ({"task": "classification"}, "task"),
    ],
)
def test_resuming_with_another_choice_is_refused_by_name(discs: Path, unfinished: Path, wish: dict, named: str):
    with pytest.raises(OptionError, match="begun") as caught:
        api.train(discs, out=unfinished, resume=True, **wish)
    assert named in str(caught.value)
    assert Run.load(unfinished / "run.json").status == "trained"


def test_resuming_with_the_same_choice_goes_on(discs: Path, unfinished: Path):
    api.train(discs, out=unfinished, resume=True, overrides=MEASURED, task="segmentation")
    assert Run.load(unfinished / "run.json").status == "done"


def test_resuming_on_other_data_is_refused(unfinished: Path, tmp_path: Path, capsys):
    other = write_discs(tmp_path / "other")
    assert main(["train", str(other), "--out", str(unfinished), "--resume"]) == 2
    assert "not trained on these data" in capsys.readouterr().err


def test_resuming_on_another_file_of_the_same_folder_is_refused(tmp_path: Path):
    """Two .npz files have the same root."""
    arrays = {"images": np.random.default_rng(0).integers(1, 255, (30, 16, 16)).astype(np.uint8)}
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", **arrays, labels=np.arange(30) % 2)
    out = api.train(tmp_path / "one.npz", out=tmp_path / "run", overrides=WHOLE)
    assert api.train(tmp_path / "one.npz", out=out, resume=True) == out
    with pytest.raises(InputError, match="not trained on these data"):
        api.train(tmp_path / "two.npz", out=out, resume=True)


def test_finished_run_is_not_taken_for_other_data(measured_run: Path, tmp_path: Path):
    other = write_discs(tmp_path / "other")
    with pytest.raises(InputError, match="not trained on these data"):
        api.train(other, out=measured_run, resume=True)


@pytest.mark.parametrize("verb", ["plan", "train"])
def test_fold_that_is_not_there_is_refused_before_anything_is_measured(
    discs: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch, verb: str
):
    def measured(*_: object, **__: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(recorded, "compute_fingerprint", measured)
    more = ["--out", str(tmp_path / "run")] if verb == "train" else []
    assert main([verb, str(discs), "--fold", "7", *more]) == 2
    told = capsys.readouterr().err
    assert "there is no fold 7" in told
    assert "0 to 4" in told


def test_cases_without_the_target_enter_no_number(tmp_path: Path):
    """Bright pictures without a label would shift the intensities and count as training cases."""
    data = write_labelled(tmp_path / "data", count=30)
    for number in BRIGHT:
        bright = np.full((16, 18), 250, np.uint8) - np.eye(16, 18, int(number) - 25, np.uint8)
        write_png(data / f"img/scan_{number}.png", bright)
    dataset = read_dataset(data)
    cases = [
        c.model_copy(update={"targets": {"label": None}}) if c.images["image"].path[-6:-4] in BRIGHT else c
        for c in dataset.cases
    ]
    ids = tuple(c.id for c in cases)
    fold = Fold(train=ids[4:], validation=ids[:4])  # as another target's presence divides them
    splits = dataset.splits.model_copy(update={"folds": (fold,)})
    dataset = dataset.model_copy(update={"cases": tuple(cases), "splits": splits})
    train = splits.folds[0].train
    known = usable(dataset, "label", train)
    assert 0 < len(known) < len(train)
    found = recorded.measure(dataset, 0, "label", None)
    assert found.cases == len(known)
    assert found.targets["label"].missing == len(train) - len(known)
    assert found.channels == compute_fingerprint(dataset, data, case_ids=known).channels
    budget = Budget(seconds=600.0, memory_bytes=8 * 2**30, disk_bytes=10**12, cores=2)
    because = make_plan(dataset, found, Request("data", budget, "label")).decisions["loss.missing_labels"].because
    assert f"{len(train) - len(known)} of {len(train)} cases lack their class" in because


def test_image_that_changed_since_is_a_warning_when_a_run_is_carried_out_again(tmp_path: Path):
    """The changed case is one that is evaluated: the fingerprint, which is of the training part, cannot show it."""
    data = write_discs(tmp_path / "discs")
    first = api.train(data, out=tmp_path / "first", overrides={**SMALL, "schedule.steps": "1"})
    same = api.train(first / "plan.yaml", out=tmp_path / "same")
    assert not Run.load(same / "run.json").warnings
    case = json.loads((first / "predictions/index.json").read_text())["cases"][0]
    name = case["id"] if isinstance(case, dict) else case
    picture = next((data / "images").glob(f"{Path(name).stem}*"))
    write_png(picture, np.full((16, 18), 7, np.uint8) + np.eye(16, 18, dtype=np.uint8))
    again = api.train(first / "plan.yaml", out=tmp_path / "again")
    (warning,) = Run.load(again / "run.json").warnings
    assert "images of 1 cases" in warning
    assert name in warning
    assert Fingerprint.load(again / "fingerprint.json") == Fingerprint.load(first / "fingerprint.json")
    assert warning in (again / "report.html").read_text()


def test_set_that_has_an_option_is_told_before_the_data_are_read(tmp_path: Path, capsys):
    assert main(["plan", str(tmp_path / "nowhere"), *words({"budget.seconds": "60"})]) == 2
    assert "--budget" in capsys.readouterr().err
