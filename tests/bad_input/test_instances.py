"""Instance maps that cannot be, and those that can though they look odd."""

from pathlib import Path

import numpy as np
import pytest
from made_data import write_nifti, write_png
from made_nuclei import nuclei, write_pairs

pytest.importorskip("torch", reason="planning asks torch for its devices")

from tiny_runs import SMALL, words

from diascope.cli.app import main
from diascope.core.documents.dataset import Dataset
from diascope.core.documents.metrics import Metrics

QUICK = {**SMALL, "schedule.steps": "2"}


def volumes(root: Path) -> Path:
    return write_pairs(root, 6, (12, 16, 16))


def test_negative_number_is_refused_with_its_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = volumes(tmp_path / "data")
    labels = nuclei(3, (12, 16, 16)).instances.astype(np.int16)
    labels[0, 0, 0] = -4
    write_nifti(data / "masks" / "n03.nii.gz", labels, np.diag([0.5, 0.5, 0.5, 1.0]))
    assert main(["plan", str(data), "--task", "instances", "--budget", "60s"]) == 2
    said = capsys.readouterr().err
    assert "numbers start at 1" in said
    assert "n03" in said


def test_map_of_fractions_is_no_instance_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = volumes(tmp_path / "data")
    for path in (data / "masks").iterdir():
        write_nifti(path, np.random.default_rng(0).random((12, 16, 16)), np.diag([0.5, 0.5, 0.5, 1.0]))
    assert main(["plan", str(data), "--task", "instances", "--budget", "60s"]) == 2
    assert "whole numbers" in capsys.readouterr().err


def test_classes_cannot_be_taken_for_objects(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for n in range(8):
        write_png(tmp_path / "ab"[n % 2] / f"{n}.png", nuclei(n).image)
    assert main(["plan", str(tmp_path), "--task", "instances", "--budget", "60s"]) == 2
    assert "instances cannot learn the target" in capsys.readouterr().err


def test_pictures_without_any_object_are_trained_on_and_counted(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 8)
    for path in (data / "masks").iterdir():
        write_png(path, np.zeros((48, 56), np.uint16))
    run = tmp_path / "run"
    options = ["--task", "instances", "--budget", "60s", "--out", str(run), *words(QUICK)]
    assert main(["train", str(data), *options]) == 0
    metrics = Metrics.load(run / "metrics.json")
    assert metrics.metrics["instance_count_error"].n == metrics.cases
    assert metrics.metrics["pq"].value in (None, 0)


def test_objects_that_fall_apart_are_a_warning_with_their_cases(tmp_path: Path):
    data = write_pairs(tmp_path / "data", 8)
    labels = nuclei(2).instances.copy()
    labels[labels == 2] = 1
    labels[:2, :2], labels[-2:, -2:] = 900, 900
    write_png(data / "masks" / "n02.png", labels)
    run = tmp_path / "run"
    options = ["--task", "instances", "--budget", "60s", "--out", str(run), *words(QUICK)]
    assert main(["train", str(data), *options]) == 0
    said = [p for p in Dataset.load(run / "dataset.yaml").problems if p.code == "object_in_parts"]
    assert "n02" in said[0].cases
    assert said[0].level == "warning"
