"""The commands on the page of detection run as they stand, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_data import write_png, write_table

pytest.importorskip("torch", reason="training comes with the extra 'train'")

PAGE = (Path(__file__).parents[2] / "docs/detection.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- runs -->\n```console\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
FEW_STEPS = " --set schedule.steps=4 --set network.features=[8,8,8,8] --set batch.size=2"
"""Added to ``train``, which would use all of its budget."""


def test_page_runs_and_writes_what_it_says(tmp_path: Path):
    rng, rows = np.random.default_rng(0), []
    for number in range(20):
        image = rng.normal(60, 8, (40, 40))
        y, x = (int(n) for n in rng.integers(0, 28, 2))
        image[y : y + 10, x : x + 12] += 100
        write_png(tmp_path / f"DATA/{number}.png", image.astype(np.uint8))
        rows.append({"image": f"{number}.png", "xmin": x, "ymin": y, "xmax": x + 12, "ymax": y + 10, "label": "spot"})
    write_table(tmp_path / "DATA/boxes.csv", rows)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    (block,) = BLOCK.findall(PAGE)
    commands = [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(commands) == 4
    for command in commands:
        text = command + (FEW_STEPS if " train " in command else "")
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "RUN/report.html").stat().st_size > 0
    assert (tmp_path / "answers/predictions.csv").stat().st_size > 0
