import json
from pathlib import Path

import pytest
from made_data import write_labelled, write_msd, write_series

from diascope.cli.app import main
from diascope.cli.inspect import as_json, exit_code, render
from diascope.core.documents.dataset import Problem
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


def row_of(text: str, code: str) -> str:
    return next(row for row in text.splitlines() if f" {code} " in row)


def test_list_of_cases_keeps_those_whose_id_is_part_of_the_message(tmp_path: Path):
    patients = ["" if n in (4, 9) else f"P{n}" for n in range(40)]
    found = read_dataset(write_labelled(tmp_path, 40, id=[str(n) for n in range(40)], patient=patients))
    row = row_of(render(found), "missing_patient")
    assert "2 of 40 cases name no patient" in row
    assert row.endswith("[4, 9]")


@pytest.mark.parametrize(
    ("cases", "message", "shown"),
    [
        (["scan_1", "scan_10"], "2 masks are empty: scan_10", "[scan_1]"),
        (["scan_1"], "scan_1: it is cut short", ""),
        (["scan_1"], "the file scan_1.png is cut short", "[scan_1]"),
        (["a"], "each is a patient of its own", "[a]"),
        (["1", "2"], "2 cases differ", "[1, 2]"),
        (["2024-01"], "in 2024-01-02 nothing", "[2024-01]"),
    ],
)
def test_case_is_listed_unless_the_message_names_it(tmp_path: Path, cases: list[str], message: str, shown: str):
    found = read_dataset(write_labelled(tmp_path, 4))
    said = Problem(level="note", code="said", message=message, cases=tuple(cases))
    row = row_of(render(found.model_copy(update={"problems": (said,)})), "said")
    assert row.strip() == f"note  said  {message}{' ' * bool(shown)}{shown}"


def test_modalities_that_differ_are_counted_and_not_called_unknown(tmp_path: Path):
    for seed, modality in ((1, "MR"), (2, "PT")):
        write_series(tmp_path, seed, Modality=modality)
    text = render(read_dataset(tmp_path))
    assert "modality mixed: MR 1, PT 1" in text
    assert "not known" not in next(row for row in text.splitlines() if "modality" in row)
