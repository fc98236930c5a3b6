"""The commands of the page on anomaly run as they stand."""

import csv
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

from page_commands import run_page


def test_page_on_anomaly_runs_and_the_spot_is_found(tmp_path: Path):
    run_page("anomaly.md", tmp_path)
    assert (tmp_path / "runs/unlike/report.html").exists()
    with (tmp_path / "told/predictions.csv").open() as file:
        spotted, plain = csv.DictReader(file)
    assert float(spotted["score"]) > float(plain["score"])
    assert {"more unusual than", "threshold", "anomalous"} <= set(plain)
