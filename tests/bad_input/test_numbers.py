"""What cannot be a grade, a time or an event is refused with the case's name and what to do."""

import json
from pathlib import Path

import pytest
import yaml
from made_data import write_labelled

pytest.importorskip("torch", reason="planning asks torch for its devices")

from diascope.cli.app import main

TIMES = [3.0, 5.5, 7.25, 2.0, 9.5, 12.0, 1.5, 8.0, 4.0, 6.0]
EVENTS = [1, 0, 1, 1, 0, 1, 0, 1, 1, 0]


def without_label(folder: Path) -> Path:
    """Take the column that ``write_labelled`` adds out of the table."""
    table = folder / "cases.csv"
    rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    table.write_text("\n".join(",".join(row[:1] + row[2:]) for row in rows) + "\n", encoding="utf-8")
    return folder


def write_followed(folder: Path, times: list, events: list) -> Path:
    return without_label(write_labelled(folder, len(times), time=times, event=events))


def refused(words: list[str], capsys) -> str:
    """Return the message of a command that must end with 2."""
    capsys.readouterr()
    assert main(words) == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert "what to do:" in told.err
    return told.err


def plan(data: Path, task: str, folder: Path) -> list[str]:
    return ["plan", str(data), "--task", task, "--write", str(folder / "plan.yaml")]


def test_grade_outside_the_scale_is_named_with_its_case(tmp_path: Path, capsys):
    data = write_labelled(tmp_path / "data", 12)
    written = data / "dataset.yaml"
    assert main(["inspect", str(data), "--write", str(written)]) == 0
    content = yaml.safe_load(written.read_text(encoding="utf-8"))
    content["targets"]["label"] = {"kind": "grade", "classes": ["0", "1", "2"]}
    content["cases"][3]["targets"]["label"] = "7"
    written.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    message = refused(plan(written, "grading", tmp_path), capsys)
    assert "in scan_3, grade '7' is outside the scale 0 < 1 < 2" in message


def test_typing_error_among_grades_is_refused(tmp_path: Path, capsys):
    data = without_label(write_labelled(tmp_path / "data", 12, severity=[0, 1, 2, 1, 0, 2, 1, 0, 2, 55, 1, 2]))
    message = refused(plan(data, "grading", tmp_path), capsys)
    assert "no grade between 2 and 55" in message


def test_grades_without_a_known_order_are_refused_and_how_to_state_it_is_said(tmp_path: Path, capsys):
    data = without_label(write_labelled(tmp_path / "data", 12, finding=["red", "green", "blue"] * 4))
    message = refused(plan(data, "grading", tmp_path), capsys)
    assert "order of the grades is not known" in message
    assert "dataset.yaml" in message


def test_negative_time_is_named_with_its_case(tmp_path: Path, capsys):
    data = write_followed(tmp_path / "data", [*TIMES[:4], -2.5, *TIMES[5:]], EVENTS)
    message = refused(plan(data, "survival", tmp_path), capsys)
    assert "in scan_4, a time of -2.5 is no follow-up" in message


def test_missing_time_is_said_and_the_other_cases_are_learned_from(tmp_path: Path, capsys):
    data = write_followed(tmp_path / "data", [*TIMES[:4], "", *TIMES[5:]], EVENTS)
    assert main(["inspect", str(data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    problems = [p for p in found["problems"] if p["code"] == "image_without_label" and p["target"] == "survival"]
    assert [p["cases"] for p in problems] == [["scan_4"]]
    assert main(plan(data, "survival", tmp_path)) == 0


def test_data_without_any_event_are_refused_with_what_is_needed(tmp_path: Path, capsys):
    data = write_followed(tmp_path / "data", TIMES, [0] * 10)
    message = refused(plan(data, "survival", tmp_path), capsys)
    assert "no case of 10 has the event" in message
    assert "at least 2 events" in message


def test_task_that_no_column_can_answer_is_refused(tmp_path: Path, capsys):
    data = write_labelled(tmp_path / "data", 10)
    message = refused(plan(data, "survival", tmp_path), capsys)
    assert "survival cannot learn the target 'label'" in message
    assert "such as os_months" in message


@pytest.mark.parametrize("value", ["inf", "1e400"])
def test_number_that_is_not_finite_makes_no_value(value, tmp_path: Path, capsys):
    data = without_label(write_labelled(tmp_path / "data", 12, volume_ml=[*[n + 0.5 for n in range(11)], value]))
    assert main(["plan", str(data), "--write", str(tmp_path / "plan.yaml")]) == 2
    assert "Traceback" not in "".join(capsys.readouterr())
