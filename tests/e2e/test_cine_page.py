"""The commands of the page on images over time run as they stand, in their order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cine.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return each Python text and console line, ready to run."""
    found = []
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            found.append([sys.executable, "-c", text])
        else:
            found += [["bash", "-c", line.removeprefix("$ ")] for line in text.splitlines()]
    return found


def test_cine_page_runs(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands():
        text = command[2].replace("--budget 60s", "--budget 60s --set schedule.steps=20")
        done = subprocess.run(
            [*command[:2], text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    report = (tmp_path / "runs" / "discs" / "report.html").read_text(encoding="utf-8")
    assert "side by side, with the outlines of the reference" in report
    assert "Temporal consistency" in report
    for run in ("films", "single_frames"):
        assert "frames side by side" in (tmp_path / "runs" / run / "report.html").read_text(encoding="utf-8")
