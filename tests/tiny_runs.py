"""Trainings of a second: pictures of discs with masks, a network of a few weights, and a plan that can be edited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from made_data import write_png

SMALL = {
    "network.features": "[4, 8, 8]",
    "network.strides": "[[1, 1], [2, 2], [2, 2]]",
    "network.kernels": "[[3, 3], [3, 3], [3, 3]]",
    "network.deep_supervision": "0",
    "patch.size": "[16, 16]",
    "predict.window": "[16, 16]",
    "batch.size": "2",
}
"""Overrides that make a step take milliseconds."""

MEASURED = {**SMALL, "schedule.largest_steps": "3"}
"""Steps are measured, and there are three of them, whatever the budget."""

VOLUMES = {
    **SMALL,
    "network.strides": "[[1, 1, 1], [2, 2, 2], [2, 2, 2]]",
    "network.kernels": "[[3, 3, 3], [3, 3, 3], [3, 3, 3]]",
    "patch.size": "[8, 8, 8]",
    "predict.window": "[8, 8, 8]",
    "schedule.steps": "2",
}
"""The same for volumes, two steps long."""


def write_discs(root: Path, count: int = 12) -> Path:
    """Write pictures of 16 x 18 pixels with a bright disc each, and their masks."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:16, :18]
    for n in range(count):
        mask = ((y - rng.integers(6, 10)) ** 2 + (x - rng.integers(6, 12)) ** 2 < 16).astype(np.uint8)
        write_png(root / f"images/c{n:02d}.png", (rng.integers(0, 99, mask.shape) + 100 * mask).astype(np.uint8))
        write_png(root / f"masks/c{n:02d}.png", mask)
    return root


def words(overrides: Mapping[str, str]) -> list[str]:
    """Return overrides as the command line takes them."""
    return [word for key, value in overrides.items() for word in ("--set", f"{key}={value}")]


def edit_plan(plan: Path, out: Path, **changes: Any) -> Path:
    """Write a plan with other values, as a person edits the file; ``__`` in a name stands for a dot."""
    content = yaml.safe_load(plan.read_text(encoding="utf-8"))
    for name, value in changes.items():
        content["decisions"][name.replace("__", ".")]["value"] = value
    out.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return out


def remains(folder: Path) -> list[str]:
    """Return the names of half-written files below a folder: parts carry a dot in front or ``.part`` at the end."""
    return [p.name for p in folder.rglob("*") if p.is_file() and (p.name.startswith(".") or p.suffix == ".part")]
