"""Segment every frame of noisy films with their neighbours seen, beside the same network that sees single frames.

    python benchmarks/films.py [--steps 240] [--budget 5m] [--out FOLDER]

Prints one JSON line. The films are generated: discs that move to and fro and beat, under noise of three times the step
at their border, so that a single frame hardly shows it (``diascope.physics.motion.draw_moving_disc``). The second
training is told to see single frames (``preprocess.neighbours=0``) and has as many steps; further numbers of neighbours
may be named.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from diascope.io import write_image
from diascope.physics.motion import draw_moving_disc

TRAINING, TEST, SIZE = 60, 40, 48
"""Films and their edge in pixels."""


def write_films(folder: Path) -> Path:
    """Write films and their label maps as NIfTI with their frame times, the test part in folders of its own."""
    for number in range(TRAINING + TEST):
        part = "train" if number < TRAINING else "test"
        film, labels = draw_moving_disc(size=SIZE, rng=np.random.default_rng([8, number]))
        for name, image in (("images", film), ("masks", labels)):
            (folder / part / name).mkdir(parents=True, exist_ok=True)
            write_image(folder / part / name / f"film_{number:03d}.nii.gz", image)
    return folder


def train(data: Path, run: Path, budget: str, steps: int, neighbours: int) -> dict[str, Any]:
    """Train, and return the figures of the test part."""
    program = [sys.executable, "-m", "diascope.cli.app", "train", str(data), "--budget", budget, "--out", str(run)]
    options = ["--set", f"preprocess.neighbours={neighbours}", "--set", f"schedule.steps={steps}"]
    subprocess.run([*program, *options], check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    metrics = json.loads((run / "metrics.json").read_text())
    facts = json.loads((run / "run.json").read_text())
    found: dict[str, Any] = {"steps": facts["members"][0]["steps"]}
    for name in ("dice", "temporal_consistency"):
        value = metrics["metrics"][name]
        found |= {name: round(value["value"], 4), f"{name}_ci95": value["ci95"]}
    return found


def main() -> None:
    """Train with and without neighbours and print the figures beside each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="5m", help="what each training may take at most")
    parser.add_argument("--steps", type=int, default=240, help="of each training")
    said = "on each side, a training each; gains are of the first over the last"
    parser.add_argument("--neighbours", type=int, nargs="+", default=[2, 0], help=said)
    parser.add_argument("--out", type=Path, help="keep data and runs in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        data = write_films(out / "data")
        found = {n: train(data, out / f"neighbours_{n}", options.budget, options.steps, n) for n in options.neighbours}
    seen, single = found[options.neighbours[0]], found[options.neighbours[-1]]
    gains = {"dice_gain": "dice", "consistency_gain": "temporal_consistency"}
    told = {gain: round(seen[name] - single[name], 4) for gain, name in gains.items()}
    print(json.dumps({**told, "neighbours": found}))


if __name__ == "__main__":
    main()
