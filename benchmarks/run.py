"""Run measures and keep their results: ``python benchmarks/run.py [NAME...]``, all if none is named.

A measure is a script that prints one JSON object a line. Its result is kept in ``benchmarks/results/NAME.json`` with
machine, versions and commit; ``docs/lab-log.md`` says what follows from it.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


@dataclass(frozen=True)
class Judged:
    """A number of the result with what it must reach and what it should; with ``at_most`` it must not exceed them."""

    field: str
    floor: float
    aim: float
    at_most: bool = False

    def judge(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the number with its verdict ``aim``, ``floor`` or ``missed``; the worst of several lines counts."""
        values = [float(r[self.field]) for r in results]
        value = max(values) if self.at_most else min(values)
        reaches = value.__le__ if self.at_most else value.__ge__
        verdict = "aim" if reaches(self.aim) else "floor" if reaches(self.floor) else "missed"
        return {"field": self.field, "value": value, "floor": self.floor, "aim": self.aim, "verdict": verdict}


@dataclass(frozen=True)
class Measure:
    """A file beside this one with its arguments, and what of its result is judged."""

    script: tuple[str, ...]
    judged: tuple[Judged, ...]


KEPT = (
    Judged("passed_share", 0.10, 0.03, at_most=True),
    Judged("used_share", 0.90, 0.90),
    Judged("memory_error", 0.20, 0.20, at_most=True),
)
"""What every training must keep: the time that was given, nearly all of it used, and the memory that was foretold."""


def training(name: str, *judged: Judged, budget: str | None = None) -> Measure:
    """Return the measure of a training that is judged by these numbers beside time and memory."""
    return Measure(("training.py", name, *(("--budget", budget) if budget else ())), judged + KEPT)


MEASURES = {
    "startup": Measure(
        ("startup.py",), (Judged("help_s", 0.3, 0.15, at_most=True), Judged("import_s", 0.3, 0.15, at_most=True))
    ),
    "memory": Measure(("memory.py",), (Judged("peak_gib", 3.0, 1.5, at_most=True),)),
    "rtstruct": Measure(("rtstruct.py",), (Judged("dice", 0.999, 1.0),)),
    "surface": Measure(
        ("surface.py",),
        (
            Judged("seconds", 8.0, 2.0, at_most=True),
            Judged("volume_error", 0.01, 0.003, at_most=True),
            Judged("closed", 1.0, 1.0),
        ),
    ),
    "headcirc": Measure(("headcirc.py",), (Judged("head_circumference_error_mm", 0.5, 0.1, at_most=True),)),
    "change": Measure(
        ("change.py",),
        (
            Judged("motion_error_voxels", 0.5, 0.2, at_most=True),
            Judged("volume_change_error_percent", 2, 1, at_most=True),
            Judged("states_right", 1, 1),
        ),
    ),
    "resampling": Measure(
        ("resampling.py",),
        (
            Judged("speedup", 5, 20),
            Judged("image_max_error_in_std", 0.1, 0.1, at_most=True),
            Judged("labels_equal", 0.995, 0.995),
        ),
    ),
    "hippocampus": training("hippocampus", Judged("dice", 0.885, 0.8922)),
    "hippocampus_10m": training("hippocampus", budget="10m"),
    "pneumoniamnist": training("pneumoniamnist", Judged("auroc", 0.980, 0.991), Judged("accuracy", 0.925, 0.946)),
    "anomaly": Measure(("training.py", "anomaly"), (Judged("auroc", 0.75, 0.90), KEPT[0])),
    "slices": training("slices", Judged("dice", 0.80, 0.87)),
    "multilabel": training("multilabel", Judged("auroc", 0.95, 0.99)),
    "side": training("side", Judged("auroc", 0.98, 1.0)),
    "regression": training("regression", Judged("explained_share", 0.90, 0.98), Judged("coverage", 0.87, 0.90)),
    "grading": training("grading", Judged("kappa_share", 0.90, 0.98), Judged("coverage", 0.87, 0.90)),
    "survival": training("survival", Judged("below_oracle", 0.03, 0.01, at_most=True)),
    "age": training("age"),
    "bccd": training(
        "bccd",
        Judged("map50", 0.88, 0.93),
        Judged("map50_95", 0.60, 0.66),
        Judged("count_error_WBC", 0.15, 0.08, at_most=True),
        Judged("count_error_Platelets", 0.5, 0.3, at_most=True),
    ),
    "lesions": training("lesions", Judged("sensitivity_at_1", 0.0, 0.9), Judged("above_threshold", 0.0, 0.0)),
    "instances": training("instances", Judged("pq", 0.75, 0.85)),
    "films": Measure(("films.py",), (Judged("dice_gain", 0.03, 0.06), Judged("consistency_gain", 0.1, 0.2))),
    "cine": Measure(("cine.py",), (Judged("auroc", 0.95, 0.99), Judged("per_frame_auroc", 0.6, 0.6, at_most=True))),
    "contrast": training("contrast", Judged("auroc", 0.90, 0.97)),
}


def machine() -> dict[str, Any]:
    """Return what the numbers depend on; nothing that names a host or a user."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    packages = ("diascope", "torch", "monai", "numpy", "scipy")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def commit() -> str:
    """Return the commit, with ``+changes`` where the tree is not clean, or ``unknown`` outside a repository."""
    try:
        git = ["git", "-C", str(HERE)]
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
        own = ["--", ":/", f":(top,exclude){RESULTS.relative_to(HERE.parent)}"]  # results change nothing measured
        changes = subprocess.run([*git, "status", "--short", *own], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("+changes" if changes.strip() else "")


def run(name: str) -> bool:
    """Run one measure, keep and print its result, and answer whether every floor was reached."""
    measure, facts, made_from = MEASURES[name], machine(), commit()
    begin = time.perf_counter()
    command = [sys.executable, str(HERE / measure.script[0]), *measure.script[1:]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not results:
        print(f"{name}: failed with {done.returncode}", file=sys.stderr)
        return False
    judged = [judge.judge(results) for judge in measure.judged]
    kept = {
        "measure": name,
        "command": " ".join(["python", *(f"benchmarks/{measure.script[0]}", *measure.script[1:])]),
        "judged": judged,
        "results": results,
        "seconds": round(time.perf_counter() - begin, 1),
        "commit": made_from,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": facts,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for one in judged:
        line = "{field:22} {value:<9.4g} floor {floor:<6} aim {aim:<6} {verdict}".format(**one)
        print(f"{name:16} {line}", flush=True)
    if done.returncode:
        print(f"{name}: ended with {done.returncode}", file=sys.stderr)
    return done.returncode == 0 and all(one["verdict"] != "missed" for one in judged)


def main() -> int:
    """Run the measures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], metavar="NAME", help=", ".join(MEASURES))
    names = parser.parse_args().names or list(MEASURES)
    return 0 if all([run(name) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
