"""Every ``--set KEY=VALUE`` that a text of ours shows is a key of the plan, with a value of its type."""

import re
import shlex
from pathlib import Path

import pytest

from diascope.cli.app import COMMANDS
from diascope.plan.planner import known_keys, read_overrides

ROOT = Path(__file__).parents[2]
TEXTS = [
    *sorted((ROOT / "src").rglob("*.py")),
    *sorted((ROOT / "src").rglob("*.html")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")),
]
SHOWN = re.compile(r"--set[ =]\\?([\"']?)([a-z_]+(?:\.[a-z_]+)*)\b(=[^\s\"'`,]*)?")
MEANT_TO_FAIL = "exit code 2"


def shown() -> list[tuple[str, str, str]]:
    """Return file, key and value (or nothing) wherever one is shown to be set."""
    found = []
    for path in TEXTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if MEANT_TO_FAIL not in line:
                found += [(path.name, m[2], (m[3] or "")[1:]) for m in SHOWN.finditer(line)]
    return [(name, key, value) for name, key, value in found if key not in {"is", "gives", "values"}]


def test_keys_are_found():
    keys = {key for _, key, _ in shown()}
    assert {"batch.size", "curate.resample_masks", "optimiser.learning_rate"} <= keys


@pytest.mark.parametrize(("file", "key", "value"), sorted(set(shown())))
def test_key_that_is_shown_is_known(file: str, key: str, value: str):
    assert key in known_keys(), file
    if value and not value.startswith("["):  # a list has blanks, and the pattern ends at the first
        read_overrides({key: value})


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_keys_in_examples_are_known(command):
    for line in command.examples.strip().splitlines():
        words = shlex.split(line)
        pairs = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
        read_overrides(dict(pair.split("=", 1) for pair in pairs))


def test_keys_of_python_examples_are_known():
    known = known_keys()
    for path in TEXTS:
        if path.suffix == ".md":
            for block in re.findall(r"overrides=\{([^}]*)\}", path.read_text(encoding="utf-8")):
                assert set(re.findall(r"[\"']([a-z_.]+)[\"']\s*:", block)) <= set(known), path.name
