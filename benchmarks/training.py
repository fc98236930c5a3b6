"""Train on one of the benchmark data sets and print the held-out figures as one JSON line.

    python benchmarks/training.py hippocampus [--budget 30m] [--out FOLDER]

The real data lie in ``../shared/data`` beside the project. What is generated from them is written into a temporary
folder; nothing is downloaded.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import cohen_kappa_score, r2_score, roc_auc_score

from diascope.cli.options import read_duration
from diascope.core.documents.dataset import Dataset
from diascope.core.ports.samples import Events
from diascope.metrics.c_index import compute as c_index

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from made_numbers import read_truth, write_grading, write_regression, write_survival

from diascope.physics.nuclei import make_nuclei

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Training:
    """One data set with the time that its measure gives.

    Attributes:
        prepare: ``folder -> data``, writing into the folder where the data have to be made.
        options: further options of ``diascope train``.
        beside: ``(data, run) -> figures`` of a simpler method on the same folds.
    """

    prepare: Callable[[Path], Path]
    budget: str
    options: tuple[str, ...] = ()
    beside: Callable[[Path, Path], dict[str, float]] = lambda data, run: {}


def hippocampus_pairs() -> list[tuple[str, Path, Path]]:
    folder = SHARED / "msd_hippocampus"
    images = sorted((folder / "imagesTr").glob("[!.]*.nii.gz"))
    return [(p.name.removesuffix(".nii.gz"), p, folder / "labelsTr" / p.name) for p in images]


def load(path: Path) -> np.ndarray:
    return np.asarray(nib.Nifti1Image.load(path).dataobj)


def prepare_slices(folder: Path) -> Path:
    """Write each volume's middle sagittal slice as 16-bit PNG image and mask; splits as nnU-Net's folds.

    Sagittal, because both parts of the hippocampus are in every such slice; a third of the middle axial ones has none
    of the anterior part.
    """
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for name, image_path, label_path in hippocampus_pairs():
        image, label = load(image_path).astype(float), load(label_path)
        middle = label.shape[0] // 2
        picture = image[middle]
        scaled = (picture - picture.min()) / max(np.ptp(picture), 1e-6) * 65535
        Image.fromarray(scaled.astype(np.uint16)).save(folder / "images" / f"{name}.png")
        Image.fromarray(label[middle].astype(np.uint8)).save(folder / "masks" / f"{name}.png")
    folds = json.loads((SHARED / "msd_hippocampus" / "splits_final_nnunet.json").read_text())
    (folder / "splits_final.json").write_text(json.dumps(folds))
    return folder


def prepare_side(folder: Path) -> Path:
    """Write hippocampus volumes, every second one mirrored left to right, with the side as a label in a table."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = [("image", "label")]
    for name, image_path, _ in hippocampus_pairs():
        mirrored = bool(rng.integers(2))
        volume = nib.Nifti1Image.load(image_path)
        array = np.asarray(volume.dataobj)
        array = array[::-1] if mirrored else array
        nib.Nifti1Image(np.ascontiguousarray(array), volume.affine).to_filename(folder / "images" / f"{name}.nii.gz")
        rows.append((f"images/{name}.nii.gz", "mirrored" if mirrored else "original"))
    write_table(folder / "cases.csv", rows)
    return folder


def prepare_multilabel(folder: Path) -> Path:
    """Write pictures with up to four kinds of marks on noise, a column for each, 5 % of the labels left empty."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows_of, columns_of = np.mgrid[:64, :64]
    names = ("disc", "ring", "bar", "cross")
    rows: list[tuple[str, ...]] = [("image", *names)]
    for number in range(1200):
        picture, present = rng.normal(100, 20, (64, 64)), rng.random(4) < (0.5, 0.35, 0.25, 0.15)
        for kind in np.flatnonzero(present):
            row, column = rng.uniform(12, 52, 2)
            y, x = rows_of - row, columns_of - column
            radius = np.hypot(y, x)
            marks = (radius < 6, np.abs(radius - 8) < 1.5, (np.abs(y) < 2) & (np.abs(x) < 9),
                     (np.minimum(np.abs(y), np.abs(x)) < 1.5) & (np.maximum(np.abs(y), np.abs(x)) < 8))  # fmt: skip
            picture[marks[kind]] += 45
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{number:04d}.png")
        cells = ["" if rng.random() < 0.05 else str(int(p)) for p in present]
        rows.append((f"images/{number:04d}.png", *cells))
    write_table(folder / "cases.csv", rows)
    return folder


def prepare_nuclei(folder: Path) -> Path:
    """Write pictures of generated nuclei beside 16-bit instance maps: 100 to learn from, 30 to be tested on."""
    for number in range(130):
        part, name = ("train" if number < 100 else "test"), f"{number:03d}.png"
        made = make_nuclei(np.random.default_rng(number), (192, 192))
        for kind, array in (("images", made.image), ("masks", made.instances)):
            (folder / kind / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / kind / part / name)
    return folder


def floors(data: Path, run: Path) -> dict[str, float]:
    """Return what the run's own baselines reach on the same cases."""
    baselines = json.loads((run / "metrics.json").read_text())["baselines"]
    values = {name: {k: v["value"] for k, v in found["metrics"].items()} for name, found in baselines.items()}
    return {f"{name}_{k}": v for name, found in values.items() for k, v in found.items() if v is not None}


def write_table(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def histogram_forest(data: Path, run: Path) -> dict[str, float]:
    """Return the AUROC of a random forest over each image's histogram in HU, pooled over the folds of the run."""
    dataset = Dataset.load(run / "dataset.yaml")
    cases = dataset.by_id()
    edges = np.linspace(-1000, 1000, 65)

    def features(case_id: str) -> np.ndarray:
        values = load(data / next(iter(cases[case_id].images.values())).path)
        return np.histogram(values.clip(edges[0], edges[-1]), edges)[0] / values.size

    histograms = {name: features(name) for name in cases}
    truth, scores = [], []
    for fold in dataset.splits.folds if dataset.splits else ():
        forest = RandomForestClassifier(500, random_state=0)
        forest.fit([histograms[i] for i in fold.train], [cases[i].targets["contrast"] for i in fold.train])
        scores += list(forest.predict_proba([histograms[i] for i in fold.validation])[:, 1])
        truth += [cases[i].targets["contrast"] == forest.classes_[1] for i in fold.validation]
    return {"histogram_forest_auroc": round(float(roc_auc_score(truth, scores)), 4)}


def read_column(run: Path, column: str) -> dict[str, float]:
    """Return case id -> number of the evaluated cases."""
    with (run / "cases.csv").open(newline="", encoding="utf-8") as file:
        return {row["case"]: float(row[column]) for row in csv.DictReader(file)}


def beside_regression(data: Path, run: Path) -> dict[str, float]:
    """Return R2 of the signal itself, and which share of it the model reaches."""
    truth, reference, told = read_truth(data), read_column(run, "reference"), read_column(run, "prediction")
    best, own = (r2_score(list(reference.values()), [of[i] for i in reference]) for of in (truth, told))
    return {"best_r2": round(best, 4), "explained_share": round(own / best, 4)}


def beside_grading(data: Path, run: Path) -> dict[str, float]:
    """Return the kappa of the best grade that the signal allows, and which share of it the model reaches."""
    truth, ids = read_truth(data), list(read_column(run, "grades_off"))
    with (data / "cases.csv").open(newline="", encoding="utf-8") as file:
        grades = {Path(row["image"]).stem: int(row["severity"]) for row in csv.DictReader(file)}
    off = read_column(run, "grades_off")
    best, own = (
        cohen_kappa_score([grades[i] for i in ids], told, weights="quadratic")
        for told in ([int(truth[i]) for i in ids], [int(grades[i] + off[i]) for i in ids])
    )
    return {"ceiling_kappa": round(best, 4), "kappa_share": round(own / best, 4)}


def beside_survival(data: Path, run: Path) -> dict[str, float]:
    """Return the C-index of the true log-hazard, and how far the model's lies below it."""
    time, event, risk = (read_column(run, column) for column in ("time", "event", "log_risk"))
    truth = read_truth(data)
    followed = np.array(list(time.values())), np.array(list(event.values())) > 0
    best, own = (c_index(Events.of(*followed, np.array([of[i] for i in time]))) for of in (truth, risk))
    return {"oracle_c_index": round(best, 4), "below_oracle": round(best - own, 4)}


def beside_counts(data: Path, run: Path) -> dict[str, float]:
    """Return the count error of each class, and that of the best constant guess."""
    metrics = json.loads((run / "metrics.json").read_text())
    guess = metrics["baselines"]["typical_boxes"]["metrics"]["count_error"]["per_class"]
    own = metrics["metrics"]["count_error"]["per_class"]
    found = {f"count_error_{name}": round(value["value"], 4) for name, value in own.items()}
    return found | {f"constant_count_error_{name}": round(value["value"], 4) for name, value in guess.items()}


def beside_threshold(data: Path, run: Path) -> dict[str, float]:
    """Return the sensitivity at one false positive a volume of the threshold on SUV, and how far the model is above."""
    metrics = json.loads((run / "metrics.json").read_text())
    own = metrics["metrics"]["sensitivity_at_1"]["value"]
    other = metrics["baselines"]["intensity_threshold"]["metrics"]["sensitivity_at_1"]["value"]
    return {"threshold_sensitivity_at_1": round(other, 4), "above_threshold": round(own - other, 4)}


TRAININGS = {
    "hippocampus": Training(lambda folder: SHARED / "msd_hippocampus", "30m"),
    "pneumoniamnist": Training(lambda folder: SHARED / "pneumoniamnist", "10m"),
    "anomaly": Training(lambda folder: SHARED / "pneumoniamnist", "5m", ("--task", "anomaly")),
    "slices": Training(prepare_slices, "5m"),
    "multilabel": Training(prepare_multilabel, "5m"),
    "side": Training(prepare_side, "5m"),
    "regression": Training(lambda folder: write_regression(folder, 1500), "4m", (), beside_regression),
    "grading": Training(lambda folder: write_grading(folder, 1500), "4m", ("--task", "grading"), beside_grading),
    "survival": Training(lambda folder: write_survival(folder, 1500), "4m", ("--task", "survival"), beside_survival),
    "age": Training(lambda folder: SHARED / "siim_ct", "5m", ("--target", "age", "--fold", "all")),
    "bccd": Training(lambda folder: SHARED / "bccd", "30m", (), beside_counts),
    "lesions": Training(
        lambda folder: SHARED / "sts_petct" / "pet.csv",
        "20m",
        ("--task", "detection", "--fold", "all"),
        beside_threshold,
    ),
    "instances": Training(prepare_nuclei, "8m", ("--task", "instances"), floors),
    "contrast": Training(
        lambda folder: SHARED / "siim_ct", "10m", ("--target", "contrast", "--fold", "all"), histogram_forest
    ),
}


def measure(name: str, budget: str | None, out: Path) -> dict[str, Any]:
    """Train, and return the figures with the time that the whole command took."""
    training = TRAININGS[name]
    data = training.prepare(out / "data")
    budget = budget or training.budget
    given = read_duration(budget)
    program = [str(Path(sys.executable).with_name("diascope")), "train", str(data)]
    begin = time.perf_counter()
    subprocess.run(
        [*program, "--budget", budget, "--out", str(out / "run"), *training.options],
        check=True,
        stdout=sys.stderr,
        stdin=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - begin
    metrics = json.loads((out / "run" / "metrics.json").read_text())
    facts = json.loads((out / "run" / "run.json").read_text())
    values = {key: value["value"] for key, value in metrics["metrics"].items()}
    intervals = {f"{key}_ci95": value["ci95"] for key, value in metrics["metrics"].items()}
    about = {"data": name, "budget": budget, "seconds": round(seconds, 1), "split": metrics["split"]}
    peak, predicted = facts["peak_memory_gib"], facts["predicted_memory_gib"]
    kept = {
        "passed_share": round(seconds / given - 1, 4),
        "used_share": round(seconds / given, 4),
        "peak_gib": peak,
        "predicted_gib": predicted,
        "memory_error": round(abs(predicted / peak - 1), 4),
        "steps": [member["steps"] for member in facts["members"]],
    }
    return about | values | intervals | kept | training.beside(data, out / "run")


def main() -> None:
    """Train on the named data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=TRAININGS)
    parser.add_argument("--budget", help="another time than the measure's own")
    parser.add_argument("--out", type=Path, help="keep the run in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        print(json.dumps(measure(options.data, options.budget, out)))


if __name__ == "__main__":
    main()
