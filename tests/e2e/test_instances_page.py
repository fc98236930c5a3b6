"""The commands of the page about objects run as they stand, in their order, in an empty folder."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training comes with the extra 'train'")

PAGE = Path(__file__).parents[2] / "docs" / "instances.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
PROGRAM = [sys.executable, "-m", "diascope.cli.app"]


def test_page_runs(tmp_path: Path):
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        lines = [text] if language == "python" else text.splitlines()
        for line in lines:
            command = [sys.executable, "-c", line] if language == "python" else PROGRAM + line.split()[2:]
            done = subprocess.run(
                command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=300, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    with (tmp_path / "predictions" / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows] == ["00", "01"]
    assert all(int(row["objects"]) > 0 for row in rows)
    report = (tmp_path / "runs" / "nuclei" / "report.html").read_text(encoding="utf-8")
    assert "otsu watershed" in report.replace("_", " ")
