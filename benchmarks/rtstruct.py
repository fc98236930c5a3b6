"""Contours made into voxels, against the masks that the data set's authors made of the same contours.

Prints one JSON line for each grid: ``python benchmarks/rtstruct.py [FOLDER]``, by default ``../shared/data/sts_petct``.
"""

import json
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np

from diascope.core.documents.dataset import Source
from diascope.io import dicom, dicom_rtstruct

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "sts_petct"


def measure(folder: Path, patient: str, grid: str) -> dict[str, object]:
    """Return Dice, differing voxels, and how far image values and affine are from the NIfTI of the same series."""
    series = folder / "dicom" / patient / grid
    start = time.perf_counter()
    image = dicom.read(series / "image", Source(path="image"))
    read = time.perf_counter()
    label = dicom_rtstruct.read_on(series / "mask" / "RS.dcm", Source(path="RS.dcm"), image.geometry)
    end = time.perf_counter()
    mask = np.asarray(nib.Nifti1Image.load(folder / "nifti" / patient / f"{grid}_mask.nii.gz").dataobj) > 0
    reference = nib.Nifti1Image.load(folder / "nifti" / patient / f"{grid}_image.nii.gz")
    values = np.asarray(reference.dataobj, dtype=np.float64)
    ours = label.array[0] > 0
    return {
        "patient": patient,
        "grid": grid,
        "shape": list(ours.shape),
        "dice": 2 * float(np.sum(ours & mask)) / float(ours.sum() + mask.sum()),
        "voxels": int(mask.sum()),
        "differing": int(np.sum(ours ^ mask)),
        "affine_difference_mm": float(np.abs(image.geometry.affine - np.asarray(reference.affine)).max()),
        "value_difference": float(np.abs(image.array[0] - values).max()),
        "value_range": float(np.ptp(values)),
        "unit": image.unit,
        "read_seconds": round(read - start, 3),
        "voxelise_seconds": round(end - read, 3),
    }


def main(folder: Path) -> None:
    """Measure every patient that has a structure set, on each of its grids."""
    for structures in sorted(folder.glob("dicom/*/*/mask/RS.dcm")):
        grid = structures.parents[1]
        print(json.dumps(measure(folder, grid.parent.name, grid.name)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
