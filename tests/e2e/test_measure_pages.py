"""The commands on the pages of measure, change and surface run as they stand, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_data import write_msd, write_png

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"<!-- runs -->\n```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
WRITTEN = {
    "measure.md": ["measured/measurements.parquet", "left.csv", "one.json", "uptake.parquet"],
    "change.md": ["change/change.html", "change/visits.csv", "as_they_lie/lesions.csv", "again/change.json"],
    "surface.md": ["heart.glb", "heart.png", "surfaces/heart_001_left.ply", "stack.stl", "all/heart_000_left.stl"],
}


def commands(page: str) -> list[list[str]]:
    found: list[list[str]] = []
    for language, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language == "python":
            found.append([sys.executable, "-c", text])
        else:
            found += [["bash", "-c", line.removeprefix("$ ")] for line in text.splitlines()]
    return found


@pytest.mark.parametrize("page", WRITTEN)
def test_page_runs_and_writes_what_it_says(page: str, tmp_path: Path):
    write_msd(tmp_path / "DATA", 2)
    for n in range(3):
        write_png(tmp_path / f"SLICES/slice_{n}.png", np.pad(np.ones((6, 8), np.uint8), 4))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert len(commands(page)) >= 4
    for command in commands(page):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    assert all((tmp_path / name).stat().st_size > 0 for name in WRITTEN[page])


def test_page_names_every_measure():
    from diascope.core.families import MEASURES

    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "measure.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    own = {n for n in MEASURES.names() if not n.startswith("ibsi_")}  # a family with a page of its own
    assert own == set(rows)
