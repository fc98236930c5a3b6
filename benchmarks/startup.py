"""How long the program takes to say hello: ``python benchmarks/startup.py`` prints one JSON line, medians of five."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 5


def median_seconds(*command: str) -> float:
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def main() -> None:
    bare = median_seconds(sys.executable, "-c", "pass")
    loaded = median_seconds(sys.executable, "-c", "import diascope")
    shown = median_seconds(str(Path(sys.executable).with_name("diascope")), "--help")
    print(json.dumps({"help_s": round(shown, 4), "import_s": round(loaded - bare, 4), "bare_s": round(bare, 4)}))


if __name__ == "__main__":
    main()
