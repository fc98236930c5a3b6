"""Predictions on disk: files beside an index, or all small answers in one, and a table of what they say."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.dataset import Target
from diascope.core.documents.document import write_atomically
from diascope.core.errors import OptionError, nearest
from diascope.core.families import READERS
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.core.ports.task import Told
from diascope.io import write_image

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".png", ".tif", ".tiff", ".npy")
TABLE = "predictions.csv"
ANSWERS_FILE = "answers.json"
RASTER = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def file_name(case_id: str, suffix: str) -> str:
    """Return a file name for a case: its id, with what a file system may not like replaced.

    Example:
        >>> file_name("site A/012", ".png")
        'site A_012.png'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", case_id) + suffix


def formats() -> dict[str, str]:
    """Return what a format may be called → its suffix: a reader's name that writes, or a suffix without its dot."""
    writing = {name: reader.suffixes[0] for name, reader in READERS.all().items() if reader.write is not None}
    return writing | {suffix[1:]: suffix for suffix in SUFFIXES}


def check_format(wanted: str, *, has_files: bool, ndim: int) -> None:
    """Refuse a format that a run's answers cannot be written in.

    Raises:
        OptionError: it is not known, the run writes no masks, or its masks have slices and the format has none.
    """
    known = formats()
    suffix = known.get(wanted.lstrip(".").lower())
    if suffix is None:
        raise OptionError(f"no format {wanted!r}", expected=", ".join(known), got=wanted, fix=nearest(wanted, known))
    if not has_files:
        raise OptionError(
            "this run writes no masks: its answers are the tables predictions.csv and predictions.json",
            expected="no --format",
            got=f"--format {wanted}",
            fix="leave --format out",
        )
    if ndim == 3 and suffix == ".png":
        raise OptionError(
            f"{wanted} files cannot hold the masks of this run, which have slices",
            expected="nifti, nrrd, metaimage or tif",
            got=f"--format {wanted} for 3-D masks",
            fix="choose --format nifti, or leave --format out",
        )


def mask_suffix(source: Path, wanted: str | None, *, picture: str = ".png") -> str:
    """Return the suffix an answer is written with: ``picture`` for pictures, NIfTI for others, or what is wanted."""
    if wanted:
        return formats()[wanted.lstrip(".").lower()]
    return picture if source.suffix.lower() in RASTER else ".nii.gz"


def write_mask(path: Path, indices: NDArray, *, target: Target, geometry: Geometry, like: Path | None) -> None:
    """Write a label map with the target's own values, on the given grid and with the header of ``like``."""
    write_image(path, Image(in_own_values(indices, target)[None], geometry), like)


def in_own_values(indices: NDArray, target: Target) -> NDArray:
    """Return class indices as the target's own values, of uint8 where it holds them all, else int16."""
    values = np.asarray(target.values)
    kind = np.uint8 if values.min() >= 0 and values.max() < 256 else np.int16
    plain = values.tolist() == list(range(len(values)))
    return indices.astype(kind) if plain else values.astype(kind)[indices]


def write_answers(folder: Path, outputs: Sequence[str], answers: Mapping[str, NDArray]) -> None:
    """Write ``answers.json``, uncalibrated: all cases' arrays as lists, and the names of the network's outputs."""
    content = {"outputs": list(outputs), "cases": {name: np.asarray(v, float).tolist() for name, v in answers.items()}}
    write_atomically(folder / ANSWERS_FILE, json.dumps(content, ensure_ascii=False).encode())


def write_table(
    folder: Path, told: Mapping[str, Told], inputs: Mapping[str, str], files: Mapping[str, Path]
) -> list[Path]:
    """Write what is told of each case as ``predictions.csv`` and ``predictions.json``; return both paths.

    The table has a row a case, or a row a finding. Its column ``input`` says where the case's image lies, as the user
    named it, ``file`` which file holds its answer where there is one.
    """
    rows: list[dict[str, Any]] = []
    for name, answer in told.items():
        start = {"case": name, "input": inputs[name], **({"file": files[name].name} if name in files else {})}
        rows += [
            start | {k: _cell(v) for k, v in one.items()} for one in (answer if isinstance(answer, list) else [answer])
        ]
    paths = [folder / TABLE, folder / "predictions.json"]
    heads = list(dict.fromkeys(key for row in rows for key in row)) or ["case", "input"]
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(paths[0], text.getvalue().encode())
    write_atomically(paths[1], json.dumps(told, indent=1, ensure_ascii=False).encode())
    return paths


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
