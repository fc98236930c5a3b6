"""The demo from end to end on a small population, and what it replaces."""

import json
from pathlib import Path

import pytest

from diascope.cli import demo, demo_data
from diascope.cli.app import main


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Draw few coarse heads, in an empty folder."""
    recipe = demo_data.Recipe
    monkeypatch.setattr(demo_data, "Recipe", lambda seed=0: recipe(cases=8, spacing_mm=6.0, seed=seed))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_demo_says_what_it_is_and_is_replaced_by_the_next(small: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["demo", "--budget", "60s", "--json"]) == 0
    told = capsys.readouterr()
    content = json.loads(told.out)
    assert "not accuracy on patients" in told.err
    assert "not accuracy on patients" in content["note"]
    assert set(content["template_dice"]) == {"fluid", "grey matter", "white matter"}
    report = small / content["files"]["report.html"]
    assert "not accuracy on patients" in report.read_text(encoding="utf-8")
    assert (small / "runs/demo/template").is_dir()
    demo.clear_earlier(small / "runs/demo")
    assert not (small / "runs/demo").exists()


def test_demo_leaves_other_runs_alone(small: Path):
    kept = small / "runs" / "demo" / "thesis.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("years of work", encoding="utf-8")
    assert main(["demo", "--budget", "60s"]) == 2
    assert kept.exists()


def test_demos_data_lie_beside_its_run():
    assert demo.data_folder(Path("runs/demo")) == Path("runs/demo-data")
