"""The command line is a contract: commands, exit codes, JSON, and one way of telling what went wrong."""

import errno
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from diascope.cli.app import main
from diascope.core.errors import BudgetError, DatasetError, DiascopeError, OptionError, ReadError, RunError

COMMANDS = ["inspect", "plan", "train", "predict", "evaluate", "measure", "change", "surface", "demo"]
LINES = {
    "inspect": ["inspect", "DATA"],
    "plan": ["plan", "DATA"],
    "train": ["train", "DATA", "--out", "RUN"],
    "predict": ["predict", "RUN", "scan.nii.gz", "--out", "DIR"],
    "evaluate": ["evaluate", "RUN"],
    "measure": ["measure", "MASKS", "--out", "a.csv"],
    "change": ["change", "DATA", "--out", "DIR"],
    "surface": ["surface", "MASKS", "--out", "a.stl"],
}
"""The shortest useful line of each command that calls one verb of the same name."""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put functions in the place of the public verbs."""

    def put(**functions: Callable[..., Any]) -> None:
        module = types.ModuleType("diascope.api")
        for name, function in functions.items():
            setattr(module, name, function)
        monkeypatch.setitem(sys.modules, "diascope.api", module)
        monkeypatch.setattr("diascope.api", module, raising=False)

    return put


def raising(error: BaseException) -> Callable[..., Any]:
    def verb(*args: object, **options: object) -> None:
        raise error

    return verb


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_and_json(command: str, capsys: pytest.CaptureFixture[str]):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert f"diascope {command}" in text.split("Examples:")[1]
    assert "--json" in text


def test_help_lists_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    assert all(code in text for code in ("0 done", "1 failed", "2 bad input", "3 done", "130 interrupted"))


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]):
    import diascope

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == diascope.__version__


@pytest.mark.parametrize(
    "line", [["no-such-command"], ["plan"], ["plan", "DATA", "--no-such-option"], ["predict", "RUN", "a.nii"], []]
)
def test_wrong_usage_ends_with_2(line: list[str]):
    assert main(line) == 2


def test_wrong_usage_is_told_in_json_too(capsys: pytest.CaptureFixture[str]):
    assert main(["plan", "DATA", "--no-such-option", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


ERRORS = [RunError("a"), ReadError("b"), DatasetError("c"), BudgetError("d"), OptionError("e"), DiascopeError("f")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("command", LINES)
def test_error_ends_with_its_own_code(command: str, error: DiascopeError, verbs, capsys: pytest.CaptureFixture[str]):
    verbs(**{command: raising(error)})
    assert main(LINES[command]) == error.exit_code
    told = capsys.readouterr()
    assert told.out == ""
    assert error.what in told.err
    assert "Traceback" not in told.err


def test_error_says_where_expected_got_and_what_to_do(verbs, capsys: pytest.CaptureFixture[str]):
    error = ReadError("the file ends early", expected="10 bytes", got="3 bytes", fix="copy it again")
    error.add_note("case a, scan.nii.gz")
    verbs(inspect=raising(error))
    assert main(["inspect", "DATA", "--json"]) == 2
    told = capsys.readouterr()
    for part in ("the file ends early", "10 bytes", "3 bytes", "copy it again", "case a, scan.nii.gz"):
        assert part in told.err
    content = json.loads(told.out)
    assert content["error"]["where"] == ["case a, scan.nii.gz"]
    assert content["exit_code"] == 2


def test_defect_is_told_in_a_line_without_traceback(verbs, capsys: pytest.CaptureFixture[str]):
    verbs(inspect=raising(ZeroDivisionError("division by zero")))
    assert main(["inspect", "DATA"]) == 1
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "DIASCOPE_TRACEBACK=1" in told


def test_traceback_is_shown_when_asked_for(verbs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIASCOPE_TRACEBACK", "1")
    verbs(inspect=raising(ZeroDivisionError("division by zero")))
    assert main(["inspect", "DATA"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, 1, "the disk is full"),
        (errno.EROFS, 2, "no permission"),
        (errno.EACCES, 2, "no permission"),
        (errno.ENOENT, 2, "No such file"),
        (errno.EIO, 1, "Input/output error"),
    ],
)
def test_what_the_system_says_is_put_into_words(number: int, code: int, words: str, verbs, capsys):
    import os

    verbs(train=raising(OSError(number, os.strerror(number), "/clinic/Doe^Jane/model.safetensors")))
    assert main(LINES["train"]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "model.safetensors" in told
    assert "Doe" not in told


def test_memory_that_runs_out_is_put_into_words(verbs, capsys: pytest.CaptureFixture[str]):
    verbs(train=raising(MemoryError()))
    assert main(LINES["train"]) == 1
    assert "--memory" in capsys.readouterr().err


def leave(*names: str) -> Callable[..., Any]:
    """Return a training that is stopped by Ctrl-C with these files in its run."""

    def verb(*args: object, out: Path, **options: object) -> None:
        for name in names:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text("")
        raise KeyboardInterrupt

    return verb


CHECKPOINT, WEIGHTS = "members/00/checkpoint/step-00000004.safetensors", "members/00/model.safetensors"


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        (["run.json"], "no step was done yet, only the plan is kept"),
        (["run.json", "members/00/schedule.json"], "no step was done yet, only the plan is kept"),
        (["run.json", CHECKPOINT], "the last checkpoint is kept"),
        (["run.json", CHECKPOINT, WEIGHTS, "members/01/schedule.json"], "the last checkpoint is kept"),
        (["run.json", CHECKPOINT, WEIGHTS], "the trained networks are kept"),
    ],
)
def test_interrupted_training_says_what_is_kept_and_how_to_go_on(files: list[str], kept: str, verbs, capsys):
    verbs(train=leave(*files))
    assert main(["train", "my data", "--out", "RUN"]) == 130
    told = capsys.readouterr().err
    assert f"interrupted; {kept}. Go on with:" in told
    assert "diascope train 'my data' --out RUN --resume" in told


def test_interrupted_before_there_is_a_run_promises_nothing(verbs, capsys: pytest.CaptureFixture[str]):
    verbs(train=leave())
    assert main(["train", "my data", "--out", "RUN"]) == 130
    told = capsys.readouterr().err
    assert "checkpoint" not in told
    assert "nothing is kept. Begin again with:\n  diascope train 'my data' --out RUN\n" in told


def test_interrupted_inspection_ends_with_130(verbs):
    verbs(inspect=raising(KeyboardInterrupt()))
    assert main(["inspect", "DATA"]) == 130


@pytest.mark.parametrize(
    ("written", "refused", "code"),
    [(["a.nii.gz"], {}, 0), (["a.nii.gz"], {"b.nii.gz": "it ends early"}, 3), ([], {"b.nii.gz": "it ends early"}, 2)],
)
def test_prediction_names_what_it_refused(written: list[str], refused: dict[str, str], code: int, verbs, capsys):
    done = SimpleNamespace(
        written=[Path(name) for name in written], refused=refused, inputs={}, answers={}, notes={}, warnings=()
    )
    verbs(predict=lambda *args, **options: done)
    assert main([*LINES["predict"], "--json"]) == code
    told = capsys.readouterr()
    found = {"written": written, "refused": refused, "inputs": {}, "answers": {}, "notes": {}, "warnings": []}
    assert json.loads(told.out) == found
    assert all(name in told.err for name in refused)


def test_planning_options_reach_the_verb_as_numbers(verbs):
    seen: dict[str, Any] = {}

    def plan(data: Path, **options: Any) -> None:
        seen.update(options, data=data)
        raise OptionError("enough")

    verbs(plan=plan)
    line = "plan DATA --task segmentation --target mask --budget 1h30m --memory 8GB --disk 20GB --fold all"
    main([*line.split(), "--set", "batch.size=2", "--set", "patch.size=[8, 8]", "--seed", "3", "--members", "2"])
    assert seen["data"] == Path("DATA")
    assert (seen["budget"], seen["memory"], seen["disk"]) == (5400.0, 8 * 10**9, 20 * 10**9)
    assert seen["overrides"] == {"batch.size": "2", "patch.size": "[8, 8]"}
    assert (seen["fold"], seen["seed"], seen["members"]) == ("all", 3, 2)
    assert (seen["task"], seen["target"]) == ("segmentation", "mask")


def test_bad_option_is_refused_before_any_work(verbs):
    verbs(train=raising(AssertionError("the verb was called")))
    assert main([*LINES["train"], "--budget", "soon"]) == 2
    assert main([*LINES["train"], "--device", "gpu"]) == 2
    assert not Path("RUN").exists()


def test_unwritable_output_is_refused_before_any_work(verbs):
    verbs(train=raising(AssertionError("the verb was called")), predict=raising(AssertionError("the verb was called")))
    Path("taken").write_text("")
    assert main(["train", "DATA", "--out", "taken/run"]) == 2
    assert main(["predict", "RUN", "a.nii.gz", "--out", "taken"]) == 2


def test_run_folder_is_named_after_the_data_and_never_taken_twice():
    from diascope.cli.train import default_run_folder

    assert default_run_folder(Path("my data"), resume=False) == Path("runs/my data")
    assert default_run_folder(Path("x/table.csv"), resume=False) == Path("runs/table")
    assert default_run_folder(Path("heads/dataset.yaml"), resume=False) == Path("runs/heads")
    with pytest.raises(OptionError, match="no run to resume"):
        default_run_folder(Path("my data"), resume=True)
    Path("runs/my data").mkdir(parents=True)
    assert default_run_folder(Path("my data"), resume=False) == Path("runs/my data-2")
    assert default_run_folder(Path("my data"), resume=True) == Path("runs/my data")


def test_json_holds_no_number_that_json_has_not(capsys: pytest.CaptureFixture[str]):
    from diascope.cli.command import answer_json

    answer_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": Path("x/y")})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": "x/y"}
