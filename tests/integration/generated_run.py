"""Small run folders as training leaves them, for tests of the evaluation."""

import json
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np

from diascope.core.documents.dataset import Case, Dataset, Fold, Source, Splits, Target
from diascope.core.documents.fingerprint import Fingerprint, Intensity, Spread, TargetNumbers
from diascope.core.documents.plan import Decision, Plan
from diascope.core.documents.predictions import Predictions
from diascope.core.documents.run import Member, Run

SPREAD = Spread(minimum=(1, 1, 1), p10=(1, 1, 1), median=(1, 1, 1), p90=(1, 1, 1), maximum=(1, 1, 1))


def write_documents(
    run: Path, dataset: Dataset, task: str, target: str, predictions: Predictions, decisions: dict | None = None
) -> Path:
    """Write everything but the calibration and the predictions themselves, and return the run's folder."""
    (run / "predictions").mkdir(parents=True, exist_ok=True)
    dataset.save(run / "dataset.yaml")
    intensity = Intensity(
        cases=3, missing=0, minimum=0, maximum=9, mean=4, std=2, foreground_mean=4, foreground_std=2,
        foreground_p005=0, foreground_p995=9, scale_varies=1,
    )  # fmt: skip
    fingerprint = Fingerprint(
        dataset_digest=dataset.digest(), ndim=dataset.ndim, cases=3, patients=None, has_spacing=True, spacing=SPREAD,
        shape=SPREAD, shape_cropped=SPREAD, nonzero_share=1, voxels=1e4, modality="MR",
        channels=dict.fromkeys(dataset.channels, intensity),
        targets={target: TargetNumbers(kind=dataset.targets[target].kind, counts={}, missing=0)},
    )  # fmt: skip
    fingerprint.save(run / "fingerprint.json")
    values = {"preprocess.channels": list(dataset.channels), "curate.resample_masks": False} | (decisions or {})
    made = {key: Decision(value=value, rule="test", because="the test says so") for key, value in values.items()}
    plan = Plan(
        dataset="data", dataset_digest=dataset.digest(), fingerprint_digest=fingerprint.digest(), task=task,
        target=target, fold=0, seed=7, decisions=made,
    )  # fmt: skip
    plan.save(run / "plan.yaml")
    member = Member(folder="00", fold=0, seed=7, steps=10, seconds=1.0)
    Run(plan_digest=plan.digest(), status="trained", members=(member,)).save(run / "run.json")
    predictions.save(run / "predictions" / "index.json")
    return run


def save_nifti(path: Path, array: np.ndarray, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> None:
    """Write an array with a diagonal affine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(array, np.diag([*spacing, 1.0]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def segmentation_run(folder: Path, *, test: int = 6, training: int = 4, patients: bool = False) -> Path:
    """Write data with two boxes of the values 1 and 4, and predictions off by one voxel along the first axis."""
    cases, run = [], folder / "run"
    for number in range(test + training):
        labels = np.zeros((16, 14, 12), np.uint8)
        labels[3:9, 3:9, 3:9] = 1
        labels[10:13, 4 : 8 + number % 2, 3:7] = 4
        name = f"case_{number}"
        save_nifti(folder / "data" / f"{name}.nii.gz", labels.astype(np.int16) * 10, (1.0, 1.0, 2.0))
        save_nifti(folder / "data" / f"{name}_mask.nii.gz", labels, (1.0, 1.0, 2.0))
        save_nifti(run / "predictions" / f"{name}.nii.gz", np.roll(labels, 1, axis=0), (1.0, 1.0, 2.0))
        cases.append(
            Case(
                id=name,
                images={"t1": Source(path=f"{name}.nii.gz")},
                targets={"organ": Source(path=f"{name}_mask.nii.gz")},
                patient=f"p{number // 2}" if patients else None,
            )
        )
    names = [case.id for case in cases]
    fold = Fold(train=tuple(names[test:]), validation=tuple(names[:test]))
    dataset = Dataset(
        name="boxes", root="../data", layout="pairs", ndim=3, channels=("t1",), cases=tuple(cases),
        targets={"organ": Target(kind="mask", classes=("background", "cube", "rod"), values=(0, 1, 4))},
        splits=Splits(origin="made: seed 0", grouped_by="case", folds=(fold,)),
    )  # fmt: skip
    predictions = Predictions(
        split="validation", fold=0, cases=fold.validation, files={n: f"{n}.nii.gz" for n in fold.validation},
        training=fold.train,
    )  # fmt: skip
    return write_documents(run, dataset, "segmentation", "organ", predictions)


def classification_run(
    folder: Path, *, kind: str = "class", classes: Sequence[str] = ("well", "ill"), test: int = 80, skill: float = 2.0
) -> Path:
    """Write cases without images and logits that know the reference to the degree of ``skill``."""
    rng = np.random.default_rng(5)
    count, total = len(classes), test + 100
    truth = rng.integers(0, count, total)
    outcome = np.eye(count)[truth] if kind == "class" else rng.integers(0, 2, (total, count))
    logits = rng.normal(size=(total, count)) + skill * outcome
    cases = []
    for number in range(total):
        labels = {name: int(outcome[number, c]) for c, name in enumerate(classes)}
        if kind == "classes" and number % 9 == 0:
            labels[classes[0]] = None
        attributes = {"sex": "FM"[number % 2], "age": float(20 + number % 61), "name": f"canary {number}"}
        cases.append(
            Case(
                id=f"case_{number}",
                images={"x": Source(path=f"{number}.png")},
                targets={"state": classes[truth[number]] if kind == "class" else labels},
                attributes=attributes,
                patient=f"p{number // 2}",
                site=f"site {number % 3}",
            )
        )
    names = [case.id for case in cases]
    dataset = Dataset(
        name="states", root="..", layout="table", ndim=2, channels=("x",), cases=tuple(cases),
        targets={"state": Target(kind=kind, classes=tuple(classes))}, attributes=("sex", "age", "name"),
    )  # fmt: skip
    predictions = Predictions(split="test", fold=0, cases=tuple(names[:test]), training=tuple(names[test:]))
    run = write_documents(folder / "run", dataset, "classification", "state", predictions)
    content = {"outputs": list(classes), "cases": {n: logits[i].tolist() for i, n in enumerate(names[:test])}}
    (run / "predictions" / "answers.json").write_text(json.dumps(content))
    return run
