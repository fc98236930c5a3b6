"""Generated twins with known truth: pictures whose number, grade or hazard follows from what they show.

Each picture holds one bright disc on noise. What is asked for follows from the disc's radius and brightness, and chance
is added whose size is known: so it is known as well what the best possible predictor would reach.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GRADES = 5
EXPLAINABLE = 0.9
"""Share of the number's variance that the picture explains."""


@dataclass(frozen=True)
class Discs:
    """Pictures ``(N, S, S)`` of bytes, and the signal of each, of mean 0 and spread 1."""

    pictures: NDArray[np.uint8]
    signal: NDArray[np.float64]


def draw_discs(rng: np.random.Generator, count: int, size: int = 48) -> Discs:
    """Return pictures of discs with a radius of 4 to 12 and a brightness of 30 to 110 over noise of spread 12."""
    radius, bright = rng.uniform(4, 12, count), rng.uniform(30, 110, count)
    row, column = rng.uniform(14, size - 14, (2, count, 1, 1))
    y, x = np.mgrid[:size, :size]
    edge = np.clip(radius[:, None, None] - np.hypot(y - row, x - column) + 0.5, 0, 1)
    pictures = rng.normal(70, 12, (count, size, size)) + bright[:, None, None] * edge
    signal = 0.8 * (radius - 8) / (8 / 12**0.5) + 0.6 * (bright - 70) / (80 / 12**0.5)
    return Discs(pictures.clip(0, 255).round().astype(np.uint8), signal)


def write_twin(folder: Path, discs: Discs, columns: dict[str, Sequence[object]], parts: Sequence[str]) -> Path:
    """Write the pictures and ``cases.csv`` with the columns and each case's part of the split (empty: none given)."""
    from PIL import Image

    (folder / "images").mkdir(parents=True, exist_ok=True)
    names = [f"images/case_{n:04d}.png" for n in range(len(discs.pictures))]
    for name, picture in zip(names, discs.pictures, strict=True):
        Image.fromarray(picture).save(folder / name)
    given = {"split": parts} if len(parts) else {}
    table = {"image": names, **columns, **given}
    with (folder / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return folder


def split_parts(count: int) -> list[str]:
    """Return train, val and test for three fifths, one fifth and one fifth of the cases."""
    return ["train"] * (count * 3 // 5) + ["val"] * (count // 5) + ["test"] * (count - count * 3 // 5 - count // 5)


def write_regression(folder: Path, count: int, *, seed: int = 0, split: bool = True) -> Path:
    """Write the twin of a measured number, ``volume_ml``, of which the picture explains 90 % of the variance."""
    rng = np.random.default_rng(seed)
    discs = draw_discs(rng, count)
    noise = rng.normal(0, (1 / EXPLAINABLE - 1) ** 0.5, count)
    value = 120 + 25 * (discs.signal + noise)
    write_twin(folder, discs, {"volume_ml": value.round(3)}, split_parts(count) if split else ())
    return _write_truth(folder, best=(120 + 25 * discs.signal).tolist())


def write_grading(folder: Path, count: int, *, seed: int = 0, split: bool = True) -> Path:
    """Write the twin of five grades, cut from the signal with an observer's noise of a third of its spread."""
    rng = np.random.default_rng(seed)
    discs = draw_discs(rng, count)
    cuts, spread = np.array([-1.0, -0.3, 0.4, 1.1]), 1 / 3
    grade = np.searchsorted(cuts, discs.signal + rng.normal(0, spread, count))
    best = expected_grade(discs.signal, cuts, spread)
    write_twin(folder, discs, {"severity": grade}, split_parts(count) if split else ())
    return _write_truth(folder, best=np.floor(best + 0.5).tolist())


def expected_grade(signal: NDArray, cuts: NDArray, spread: float) -> NDArray[np.float64]:
    """Return the mean grade that an observer gives who sees the signal with a normal error."""
    from scipy.stats import norm

    return norm.cdf((signal[:, None] - cuts) / spread).sum(axis=1)


def write_survival(folder: Path, count: int, *, seed: int = 0, split: bool = True) -> Path:
    """Write the twin of a proportional hazard: a spread of 1 in its logarithm, a third of the cases censored."""
    rng = np.random.default_rng(seed)
    discs = draw_discs(rng, count)
    time, censoring = rng.exponential(24 * np.exp(-discs.signal)), rng.uniform(0, 100, count)
    followed, seen = np.minimum(time, censoring), time <= censoring
    columns = {"os_months": followed.round(3), "os_event": seen.astype(int)}
    write_twin(folder, discs, columns, split_parts(count) if split else ())
    return _write_truth(folder, best=discs.signal.tolist())


def _write_truth(folder: Path, best: Sequence[float]) -> Path:
    """Write what the best possible predictor would say of each case, beside the data that it must not be read with."""
    names = [f"case_{n:04d}" for n in range(len(best))]
    truth = folder.with_name(folder.name + "_truth.json")
    truth.write_text(json.dumps(dict(zip(names, best, strict=True))), encoding="utf-8")
    return folder


def read_truth(folder: Path) -> dict[str, float]:
    """Return case id → what the best possible predictor says."""
    return json.loads(folder.with_name(folder.name + "_truth.json").read_text(encoding="utf-8"))
