"""Resampling an image and a 17-class label map, 128x256x256 to 170x340x340, beside nnU-Net's own in the same run.

    python benchmarks/resampling.py --nnunet-python PYTHON [--repeats 3]

PYTHON is the interpreter of an environment with nnU-Net in it (``pip install --no-deps nnunetv2 batchgenerators
acvl-utils`` beside torch, scipy, scikit-image, pandas and SimpleITK), never our own: its metadata pull torchvision. The
variable NNUNET_PYTHON does the same. Both take turns; medians are compared. Prints one JSON line whose ``speedup`` is
the smaller of the two.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPE, NEW = (128, 256, 256), (170, 340, 340)
OLD_SPACING = (1.5, 1.0, 1.0)
NEW_SPACING = tuple(s * a / b for s, a, b in zip(OLD_SPACING, SHAPE, NEW, strict=True))


def generate() -> dict[str, np.ndarray]:
    """Return a smooth image and smooth regions of 17 labels."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    image = gaussian_filter(rng.standard_normal(SHAPE).astype(np.float32), 3)
    labels = (gaussian_filter(rng.standard_normal(SHAPE), 8) * 400).clip(0, 16).astype(np.uint8)
    return {"image": image, "labels": labels}


def serve(folder: Path) -> None:
    """Resample by nnU-Net for each name that comes in, in a process of its own, and say how long it took."""
    from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape

    data = {name: np.load(folder / f"{name}.npy")[None] for name in ("image", "labels")}
    for line in sys.stdin:
        name = line.strip()
        begin = time.perf_counter()
        out = resample_data_or_seg_to_shape(
            data[name], NEW, OLD_SPACING, NEW_SPACING,
            is_seg=name == "labels", order=1 if name == "labels" else 3, order_z=0, force_separate_z=False,
        )  # fmt: skip
        seconds = time.perf_counter() - begin
        np.save(folder / f"{name}_nnunet.npy", out[0])
        print(f"seconds {seconds}", flush=True)


def ask(worker: subprocess.Popen, name: str) -> float:
    """Return the seconds that nnU-Net took."""
    print(name, file=worker.stdin, flush=True)
    for line in worker.stdout or ():
        if line.startswith("seconds "):
            return float(line.split()[1])
    raise SystemExit("the nnU-Net process ended early")


def ours(name: str, data: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the seconds that we took, and the result."""
    from diascope.transforms.resample import resample, resample_labels

    begin = time.perf_counter()
    out = resample_labels(data, NEW) if name == "labels" else resample(data[None], NEW)[0]
    return time.perf_counter() - begin, out


def main() -> int:
    """Measure and print; 1 where a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nnunet-python", default=os.environ.get("NNUNET_PYTHON"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    if not options.nnunet_python:
        parser.error("--nnunet-python or NNUNET_PYTHON must name an interpreter that has nnU-Net")
    data = generate()
    seconds: dict[str, list[float]] = {f"{who}_{name}": [] for who in ("ours", "nnunet") for name in data}
    results: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, array in data.items():
            np.save(Path(folder) / f"{name}.npy", array)
        command = [options.nnunet_python, __file__, "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            for _ in range(options.repeats):
                for name, array in data.items():
                    taken, results[name] = ours(name, array)
                    seconds[f"ours_{name}"].append(taken)
                    seconds[f"nnunet_{name}"].append(ask(worker, name))
            if worker.stdin:
                worker.stdin.close()
        theirs = {name: np.load(Path(folder) / f"{name}_nnunet.npy") for name in data}
    medians = {key: float(np.median(values)) for key, values in seconds.items()}
    gain = {name: medians[f"nnunet_{name}"] / medians[f"ours_{name}"] for name in data}
    error = float(np.abs(results["image"] - theirs["image"]).max() / theirs["image"].std())
    equal = float((results["labels"] == theirs["labels"]).mean())
    line = {
        "shape": SHAPE, "new_shape": NEW, "classes": len(np.unique(data["labels"])), "repeats": options.repeats,
        "seconds": {key: round(value, 4) for key, value in medians.items()},
        "image_speedup": round(gain["image"], 1), "labels_speedup": round(gain["labels"], 1),
        "speedup": round(min(gain.values()), 1), "image_max_error_in_std": error, "labels_equal": equal,
    }  # fmt: skip
    print(json.dumps(line))
    return 0 if min(gain.values()) >= 5 and error <= 0.1 and equal >= 0.995 else 1


if __name__ == "__main__":
    sys.exit(main())
