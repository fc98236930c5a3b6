"""Train on films whose class is visible only in their motion, beside the same network over single frames.

    python benchmarks/cine.py [--budget 4m] [--out FOLDER]

Prints one JSON line. The films are generated: rings that contract, and the same films played backwards
(``diascope.physics.motion``). The second training is told to look at frames singly (``network.temporal=none``) and to
take their mean: what it reaches is what can be known without motion, which is nothing.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from diascope.io import write_image
from diascope.physics.motion import CLASSES, draw_beating_ring

TRAINING, TEST, SIZE = 400, 300, 32
"""Films and their edge in pixels; with 300 a guess's AUROC of .5 has a standard error of .033."""


def write_films(folder: Path) -> Path:
    """Write the films as NIfTI with their frame times, and a table with class and split."""
    folder.mkdir(parents=True)
    rows = []
    for number in range(TRAINING + TEST):
        label = CLASSES[number % 2]
        film = draw_beating_ring(label, size=SIZE, rng=np.random.default_rng([3, number]))
        write_image(folder / f"film_{number:03d}.nii.gz", film)
        rows.append((f"film_{number:03d}.nii.gz", label, "train" if number < TRAINING else "test"))
    with (folder / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image", "motion", "split"), *rows])
    return folder


def train(data: Path, run: Path, budget: str, *options: str) -> dict[str, Any]:
    """Train, and return the figures of the test part."""
    program = [str(Path(sys.executable).with_name("diascope")), "train", str(data), "--budget", budget]
    subprocess.run([*program, "--out", str(run), *options], check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    metrics = json.loads((run / "metrics.json").read_text())
    facts = json.loads((run / "run.json").read_text())
    auroc = metrics["metrics"]["auroc"]
    return {"auroc": auroc["value"], "ci95": auroc["ci95"], "steps": facts["members"][0]["steps"]}


def main() -> None:
    """Train twice and print the figures beside each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="4m", help="of each of the two trainings")
    parser.add_argument("--out", type=Path, help="keep data and runs in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        data = write_films(out / "data")
        moving = train(data, out / "run", options.budget)
        still = train(data, out / "per_frame", options.budget, "--set", "network.temporal=none")
    print(
        json.dumps({"budget": options.budget, **moving, **{f"per_frame_{key}": value for key, value in still.items()}})
    )


if __name__ == "__main__":
    main()
