"""The commands of a page of the documentation, and how they are run as a reader runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def commands_of(page: str) -> list[tuple[str, str]]:
    """Return language and text of each command of a page, in order."""
    found = []
    for language, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        lines = [text] if language == "python" else [line.removeprefix("$ ") for line in text.splitlines()]
        found += [(language, line) for line in lines]
    return found


def run_page(page: str, folder: Path) -> None:
    """Run a page's commands in their order in a folder; each must end with 0."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, text in commands_of(page):
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
