"""The commands of the pages on numbers, grades and survival run as they stand."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from page_commands import run_page


def test_page_on_numbers_and_grades_runs(tmp_path: Path):
    run_page("values.md", tmp_path)
    assert (tmp_path / "told/predictions.csv").read_text().splitlines()[0] == "case,input,value,low_90%,high_90%,unit"
    for run in ("measured", "graded"):
        assert (tmp_path / "runs" / run / "report.html").exists()


def test_page_on_survival_runs(tmp_path: Path):
    run_page("survival.md", tmp_path)
    assert "relative_hazard,free_at_" in (tmp_path / "told/predictions.csv").read_text()
    assert (tmp_path / "runs/followed/report.html").exists()
