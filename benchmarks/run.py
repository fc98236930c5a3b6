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
class Measure:
    """One measure.

    Attributes:
        script: file beside this one, with its arguments.
        field: the number of the result that is judged.
        floor, aim: what it must reach and what it should; with ``at_most`` the number must not exceed them.
    """

    script: tuple[str, ...]
    field: str
    floor: float
    aim: float
    at_most: bool = False

    def judge(self, results: list[dict[str, Any]]) -> str:
        """Return ``aim``, ``floor`` or ``missed``; the worst of several lines counts."""
        values = [float(r[self.field]) for r in results]
        value = max(values) if self.at_most else min(values)
        reaches = value.__le__ if self.at_most else value.__ge__
        return "aim" if reaches(self.aim) else "floor" if reaches(self.floor) else "missed"


MEASURES = {
    "startup": Measure(("startup.py",), "help_s", 0.3, 0.15, at_most=True),
    "memory": Measure(("memory.py",), "peak_gib", 3.0, 1.5, at_most=True),
    "rtstruct": Measure(("rtstruct.py",), "dice", 0.999, 1.0),
    "hippocampus": Measure(("training.py", "hippocampus"), "dice", 0.885, 0.8922),
    "pneumoniamnist_auroc": Measure(("training.py", "pneumoniamnist"), "auroc", 0.980, 0.991),
    "slices": Measure(("training.py", "slices"), "dice", 0.80, 0.87),
    "multilabel": Measure(("training.py", "multilabel"), "auroc", 0.95, 0.99),
    "side": Measure(("training.py", "side"), "auroc", 0.98, 1.0),
    "contrast": Measure(("training.py", "contrast"), "auroc", 0.90, 0.97),
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
        changes = subprocess.run([*git, "status", "--short"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("+changes" if changes.strip() else "")


def run(name: str) -> bool:
    """Run one measure, keep and print its result, and answer whether the floor was reached."""
    measure, facts = MEASURES[name], machine()
    begin = time.perf_counter()
    command = [sys.executable, str(HERE / measure.script[0]), *measure.script[1:]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"{name}: failed with {done.returncode}", file=sys.stderr)
        return False
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    verdict = measure.judge(results)
    kept = {
        "measure": name,
        "command": " ".join(["python", *(f"benchmarks/{measure.script[0]}", *measure.script[1:])]),
        "judged": {"field": measure.field, "floor": measure.floor, "aim": measure.aim, "verdict": verdict},
        "results": results,
        "seconds": round(time.perf_counter() - begin, 1),
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": facts,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {verdict} {json.dumps(results)[:300]}")
    return verdict != "missed"


def main() -> int:
    """Run the measures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], metavar="NAME", help=", ".join(MEASURES))
    names = parser.parse_args().names or list(MEASURES)
    return 0 if all([run(name) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
