"""The tutorial's commands run as they stand, in their order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"#\s*exit code (\d+)\s*$")


def steps() -> list[tuple[str, str, int]]:
    """Return language, text and expected exit code of each command, in order."""
    found = []
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            found.append(("python", text, 0))
            continue
        for line in text.splitlines():
            assert line.startswith("$ "), f"no command: {line}"
            expected = EXPECTED.search(line)
            found.append(("console", line[2:], int(expected[1]) if expected else 0))
    return found


def test_tutorial_runs(tmp_path: Path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, text, expected in steps():
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == expected, f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    for name in ("report.html", "metrics.json", "cases.csv", "model_card.md"):
        assert (tmp_path / "runs" / "discs" / name).stat().st_size > 0
    assert len(list((tmp_path / "predictions").glob("*.png"))) == 2
    assert not (tmp_path / "runs" / "never").exists()


def test_tutorial_shows_every_verb():
    verbs = {text.split()[1] for language, text, _ in steps() if language == "console"}
    assert verbs == {"inspect", "plan", "train", "predict", "evaluate"}
