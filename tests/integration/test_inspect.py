import json
from pathlib import Path

import pytest
from made_data import write_labelled, write_msd

from diascope.cli.app import main
from diascope.cli.inspect import as_json, exit_code, render
from diascope.curate import read_dataset


def test_text_shows_everything_that_was_found(tmp_path: Path):
    found = read_dataset(write_labelled(tmp_path, 10, patient=[f"P{n}" for n in range(10)], age=[50] * 5 + [""] * 5))
    text = render(found)
    for part in (
        "layout table",
        "cases",
        "10",
        "patients",
        "2-D",
        "16 x 18",
        "label",
        "classification",
        "0 5, 1 5",
        "age",
    ):
        assert part in text
    assert "missing_attribute" in text
    assert exit_code(found) == 0


def test_terminal_gets_the_same_words_in_tables(tmp_path: Path):
    found = read_dataset(write_msd(tmp_path))
    text = render(found, terminal=True)
    assert "\x1b[" in text
    for part in ("Heart", "segmentation", "left 6, right 6"):
        assert part in text


def test_json_gives_the_same_as_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_msd(tmp_path)
    assert main(["inspect", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layout"] == "dataset_json"
    assert found["summary"]["targets"]["mask"] == {
        "kind": "mask",
        "task": "segmentation",
        "missing": 0,
        "cases_with": {"left": 6, "right": 6},
    }
    assert len(found["cases"]) == found["summary"]["cases"] == 6
    assert as_json(read_dataset(tmp_path))["problems"] == found["problems"]


def test_written_document_is_read_again_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_labelled(tmp_path / "data", 12)
    written = tmp_path / "dataset.yaml"
    assert main(["inspect", str(tmp_path / "data"), "--seed", "4", "--write", str(written)]) == 0
    first = capsys.readouterr().out
    assert main(["inspect", str(written)]) == 0
    assert capsys.readouterr().out == first
    assert "made: seed 4" in first
