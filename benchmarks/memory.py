"""Peak memory of predicting one large volume with many classes, in a process of its own.

    python benchmarks/memory.py [--shape 512 512 300] [--classes 105]

prints one JSON line ``{"shape", "classes", "peak_gib", "seconds"}``. The network is a small untrained U-Net; the
volume is read from a NIfTI file and the label map is written as one, as ``diascope predict`` does.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np

from diascope.core.documents.dataset import Target
from diascope.core.documents.plan import Decision, Plan
from diascope.predict.case import Predictor
from diascope.predict.network import load_members
from diascope.predict.output import write_mask
from diascope.predict.reading import reference_image


def plan_of(window: tuple[int, ...]) -> Plan:
    values = {
        "preprocess.channels": ["CT"],
        "preprocess.components": {"CT": 1},
        "preprocess.spacing_mm": None,
        "preprocess.shape": None,
        "preprocess.fit": "resize",
        "preprocess.orientation": "RAS",
        "preprocess.crop_nonzero": False,
        "preprocess.normalise": {"CT": {"scheme": "zscore"}},
        "preprocess.missing": {},
        "preprocess.nonfinite": "refuse",
        "preprocess.resample_order": 3,
        "preprocess.separate_axis": None,
        "patch.size": list(window),
        "network.name": "unet",
        "network.features": [8, 16, 32],
        "network.kernels": [[3, 3, 3]] * 3,
        "network.strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        "network.residual": False,
        "network.norm": "instance",
        "network.deep_supervision": 0,
        "precision": "bf16-mixed",
        "memory_format": "channels_last",
        "predict.engine": "torch",
        "predict.window": list(window),
        "predict.overlap": 0.5,
        "predict.mirror": [],
    }
    decisions = {k: Decision(value=v, rule="benchmark", because="fixed") for k, v in values.items()}
    return Plan(
        dataset="", dataset_digest="", fingerprint_digest="", task="segmentation", target="mask",
        fold=0, seed=0, decisions=decisions,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=[512, 512, 300])
    parser.add_argument("--classes", type=int, default=105)
    parser.add_argument("--window", type=int, nargs=3, default=[64, 64, 64])
    given = parser.parse_args()
    target = Target(
        kind="mask",
        classes=tuple(f"class {i}" for i in range(given.classes)),
        values=tuple(range(given.classes)),
    )
    with tempfile.TemporaryDirectory() as name:
        source, result = Path(name) / "volume.nii.gz", Path(name) / "labels.nii.gz"
        values = np.random.default_rng(0).integers(-1000, 1000, given.shape, dtype=np.int16)
        nib.save(nib.Nifti1Image(values, np.diag([0.8, 0.8, 1.5, 1])), source)
        del values
        plan = plan_of(tuple(given.window))
        start = time.perf_counter()
        members = load_members(plan, target, [None], device="cpu")
        predictor = Predictor(plan, target, members)
        from diascope.core.documents.dataset import Source
        from diascope.io import read_image

        images = {"CT": read_image(Path(name), Source(path=source.name))}
        labels = predictor.predict(images)
        geometry = reference_image(plan, images).geometry
        write_mask(result, labels, target=target, geometry=geometry, like=source)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = {"shape": given.shape, "classes": given.classes, "peak_gib": round(peak, 3), "seconds": round(seconds, 1)}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
