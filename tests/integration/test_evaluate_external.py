"""A run on other data: their own target, classes they lack, images it was trained on, and what was noted."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from diascope import api
from diascope.cli.app import main
from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Decision, Plan
from diascope.core.documents.predictions import Predictions
from diascope.core.documents.run import Run
from diascope.core.errors import InputError, OptionError
from diascope.evaluate import external
from diascope.evaluate.other_target import matched_by_value, other_target

SMALL = {"network.features": "[4, 4, 8, 8]", "batch.size": "4", "schedule.steps": "3"}


def site(root: Path, labels: list[int], seed: int, column: str = "contrast", shape: tuple = (16, 16)) -> Path:
    """Write pictures and a table in which the column to learn is one of two."""
    rng = np.random.default_rng(seed)
    root.mkdir()
    rows = [f"image,{column},odd"]
    for n, label in enumerate(labels):
        picture = (rng.integers(0, 100, shape) + 100 * label).astype(np.uint8)
        Picture.fromarray(picture).save(root / f"s{seed}_{n}.png")
        rows.append(f"s{seed}_{n}.png,{label},{'ab'[n % 2]}")
    (root / "cases.csv").write_text("\n".join(rows))
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> tuple[Path, Path]:
    """Return data with two targets and a finished run on one of them."""
    folder = tmp_path_factory.mktemp("home")
    data = site(folder / "data", [n % 2 for n in range(30)], seed=1)
    return data, api.train(data, out=folder / "run", target="contrast", overrides=SMALL)


def test_site_that_lacks_a_class_is_evaluated_with_empty_numbers(home, tmp_path, capsys):
    other = site(tmp_path / "other", [1] * 12, seed=2)
    assert main(["evaluate", str(home[1]), str(other), "--out", str(tmp_path / "out"), "--quick"]) == 0
    told = capsys.readouterr()
    assert "no case of the data has 0" in told.err
    assert "auroc" in told.out
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["cases"] == 12
    assert metrics["metrics"]["auroc"]["value"] is None
    assert metrics["metrics"]["accuracy"]["value"] is not None
    assert "no case of the data has 0" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_images_that_were_trained_on_are_refused_by_name(home, tmp_path):
    data, run = home
    metrics = api.evaluate(run, data, out=tmp_path / "out", quick=True)
    trained = set(Predictions.load(run / "predictions" / "index.json").training)
    assert trained <= set(metrics.refused)
    assert metrics.cases == 30 - len(metrics.refused)
    assert not set(Predictions.load(tmp_path / "out" / "predictions" / "index.json").cases) & set(metrics.refused)
    assert "trained on this image, as s1_" in next(iter(metrics.refused.values()))


def test_data_that_were_all_trained_on_are_refused(home, tmp_path):
    data, run = home
    trained = Predictions.load(run / "predictions" / "index.json").training[:10]
    copy = tmp_path / "copy"
    copy.mkdir()
    rows = ["image,contrast,odd"]
    for n, name in enumerate(trained):
        (copy / f"renamed_{n}.png").write_bytes((data / f"{name}.png").read_bytes())
        rows.append(f"renamed_{n}.png,{n % 2},x")
    (copy / "cases.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match="trained on every case") as caught:
        api.evaluate(run, copy, out=tmp_path / "out")
    assert "renamed_0" not in str(caught.value)
    assert trained[0] in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("classes", "values", "fits"),
    [
        (("background", "foreground"), (0, 2), True),  # label maps without names, of which one class is there
        (("background", "rod"), (0, 2), True),
        (("background", "cube"), (0, 2), False),  # another name for the number
        (("background", "value 1", "value 3"), (0, 1, 3), False),
    ],
)
def test_masks_fit_by_their_numbers_and_given_names(classes, values, fits):
    known = Target(kind="mask", classes=("background", "cube", "rod"), values=(0, 1, 2))
    assert external._is_part_of(Target(kind="mask", classes=classes, values=values), known) is fits


def test_run_whose_classes_have_no_names_takes_those_of_the_data_by_number():
    known = Target(kind="mask", classes=("background", "value 1", "value 2"), values=(0, 1, 2))
    found = Target(kind="mask", classes=("background", "cube", "value 2"), values=(0, 1, 2))
    assert external._is_part_of(found, known)
    assert matched_by_value(found, known) == [
        "the classes were matched by their numbers: 1 is cube in the data and value 1 in the run"
    ]
    assert not matched_by_value(known, known)
    assert not matched_by_value(known, found)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            Target(kind="mask", classes=("background", "liver", "rod"), values=(0, 1, 2)),
            ("1 is liver in the data and cube in the run", "0 background, 1 cube, 2 rod", "dataset.json under labels"),
        ),
        (Target(kind="mask", classes=("background", "x"), values=(0, 9)), ("9 is x in the data and unknown",)),
        (Target(kind="class", classes=("a", "b")), ("expected: mask", "got: class")),
        (None, ("a target 'organ'", "targets: other")),
    ],
)
def test_other_classes_are_told_in_words_with_what_to_write_where(found, words):
    known = Target(kind="mask", classes=("background", "cube", "rod"), values=(0, 1, 2))
    told = str(other_target("organ", known, found, ("other",)))
    assert all(word in told for word in (*words, "what to do"))
    assert "Target(" not in told
    assert "kind=" not in told


def test_unknown_class_is_refused(home, tmp_path):
    other = site(tmp_path / "other", [0, 1, 2] * 5, seed=3)
    with pytest.raises(InputError, match="another target") as caught:
        api.evaluate(home[1], other, out=tmp_path / "out")
    assert "does not know 2" in str(caught.value)
    assert "dataset.yaml" in caught.value.fix


def test_table_of_answers_leads_back_to_the_inputs_and_a_format_is_refused(home, tmp_path):
    sites = [site(tmp_path / name, [0, 1], seed=6) for name in ("p1", "p2")]
    done = api.predict(home[1], sites, out=tmp_path / "out")
    lines = (tmp_path / "out/predictions.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "case,input,0,1"
    assert [line.split(",")[:2] for line in lines[1:]] == [list(pair) for pair in done.inputs.items()]
    assert done.inputs["s6_0-2"] == (sites[1] / "s6_0.png").as_posix()
    with pytest.raises(OptionError, match="writes no masks"):
        api.predict(home[1], sites, out=tmp_path / "other", format="nifti")
    assert not (tmp_path / "other").exists()


def test_colour_pictures_are_noted_in_prediction_index_and_report(home, tmp_path, capsys):
    other = site(tmp_path / "other", [0, 1] * 6, seed=4, shape=(16, 16, 3))
    api.evaluate(home[1], other, out=tmp_path / "out", quick=True)
    notes = Predictions.load(tmp_path / "out" / "predictions" / "index.json").notes
    assert len(notes) == 12
    assert "luminance" in notes["s4_0"][0]
    assert "luminance" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    done = api.predict(home[1], [other / "s4_0.png"], out=tmp_path / "answers")
    assert "luminance" in done.notes["s4_0"][0]
    words = ["predict", str(home[1]), str(other / "s4_0.png"), "--out", str(tmp_path / "told"), "--json"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "luminance" in told.err
    assert "luminance" in json.loads(told.out)["notes"]["s4_0"][0]


def test_run_of_a_gpu_is_evaluated_and_predicted_on_the_cpu_and_says_so(home, tmp_path, monkeypatch):
    import shutil

    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run = shutil.copytree(home[1], tmp_path / "run")
    gpu = Decision(value="cuda", rule="budget", because="the test says so")
    Plan.load(run / "plan.yaml").with_decisions(machine__device=gpu).save(run / "plan.yaml")
    other = site(tmp_path / "other", [0, 1] * 6, seed=5)
    assert "trained on cuda" in api.predict(run, [other / "s5_0.png"], out=tmp_path / "answers").warnings[0]
    with pytest.warns(UserWarning, match="trained on cuda"):
        api.load(run)
    api.evaluate(run, other, out=tmp_path / "out", quick=True)
    assert any("trained on cuda" in text for text in Run.load(tmp_path / "out" / "run.json").warnings)
    with pytest.raises(InputError, match="CUDA"):
        api.train(run / "plan.yaml", out=tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_images_changed_since_the_plan_was_made_are_a_warning(home, tmp_path):
    import shutil

    data = shutil.copytree(home[0], tmp_path / "data")
    api.inspect(data, write=data / "dataset.yaml")
    made = api.plan(data / "dataset.yaml", target="contrast", write=tmp_path / "plan.yaml", overrides=SMALL)
    unchanged = api.train(tmp_path / "plan.yaml", out=tmp_path / "one")
    assert not Run.load(unchanged / "run.json").warnings
    for path in data.glob("*.png"):
        Picture.fromarray(np.asarray(Picture.open(path)) // 2).save(path)
    run = api.train(tmp_path / "plan.yaml", out=tmp_path / "two")
    assert made.fingerprint_digest in Run.load(run / "run.json").warnings[0]
