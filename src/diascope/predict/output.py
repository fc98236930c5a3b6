"""Predictions on disk: label maps beside an index, or logits and a table of probabilities."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.documents.document import write_atomically
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.io import write_image

RASTER = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def file_name(case_id: str, suffix: str) -> str:
    """Return a file name for a case: its id, with what a file system may not like replaced.

    Example:
        >>> file_name("site A/012", ".png")
        'site A_012.png'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", case_id) + suffix


def mask_suffix(source: Path, wanted: str | None) -> str:
    """Return the suffix a mask is written with: PNG for pictures, NIfTI for all else, unless asked for."""
    if wanted:
        return "." + wanted.lstrip(".").lower()
    return ".png" if source.suffix.lower() in RASTER else ".nii.gz"


def write_mask(path: Path, indices: NDArray, *, target: Target, geometry: Geometry, like: Path | None) -> None:
    """Write a label map with the target's own values, on the given grid and with the header of ``like``."""
    values = np.asarray(target.values)
    kind = np.uint8 if values.min() >= 0 and values.max() < 256 else np.int16
    plain = values.tolist() == list(range(len(values)))
    array = indices.astype(kind) if plain else values.astype(kind)[indices]
    write_image(path, Image(array[None], geometry), like)


def write_logits(folder: Path, outputs: Sequence[str], logits: Mapping[str, NDArray]) -> None:
    """Write ``logits.json``, uncalibrated."""
    content = {"outputs": list(outputs), "cases": {name: np.asarray(v, float).tolist() for name, v in logits.items()}}
    write_atomically(folder / "logits.json", json.dumps(content, ensure_ascii=False).encode())


def write_table(folder: Path, outputs: Sequence[str], rows: Mapping[str, Mapping[str, float]]) -> list[Path]:
    """Write calibrated probabilities as ``predictions.csv`` and ``predictions.json``; return both paths."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["case", *outputs])
    writer.writerows([name, *(f"{row[o]:.6g}" for o in outputs)] for name, row in rows.items())
    paths = [folder / "predictions.csv", folder / "predictions.json"]
    write_atomically(paths[0], text.getvalue().encode())
    write_atomically(paths[1], json.dumps(rows, indent=1, ensure_ascii=False).encode())
    return paths
