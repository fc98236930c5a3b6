"""Small data sets that tests write: pictures, volumes and DICOM series with known content."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def picture(seed: int, shape: tuple[int, ...] = (16, 18), dtype: type = np.uint8) -> NDArray:
    """Return noise that no other seed repeats."""
    top = 255 if dtype is np.uint8 else 4000
    return np.random.default_rng(seed).integers(1, top, shape).astype(dtype)


def write_png(path: Path, array: NDArray) -> Path:
    """Write a PNG and return its path."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def write_nifti(path: Path, array: NDArray, affine: NDArray | None = None) -> Path:
    """Write a NIfTI file and return its path."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4) if affine is None else affine), path)
    return path


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write a CSV whose columns are those of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def blob(seed: int, shape: tuple[int, ...] = (12, 11, 10)) -> tuple[NDArray, NDArray]:
    """Return a noisy volume with a bright box, and the label map of the box's two halves (1 and 2)."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, np.uint8)
    mask[3:6, 3:8, 3:7], mask[6:9, 3:8, 3:7] = 1, 2
    image = (rng.normal(100, 10, shape) + 200 * (mask > 0)).astype(np.int16)
    return image, mask


def write_msd(folder: Path, count: int = 6, **changes: object) -> Path:
    """Write a Decathlon folder of ``count`` cases; ``changes`` replace entries of ``dataset.json``."""
    names = [f"heart_{n:03d}" for n in range(count)]
    for n, name in enumerate(names):
        image, mask = blob(n)
        write_nifti(folder / f"imagesTr/{name}.nii.gz", image)
        write_nifti(folder / f"labelsTr/{name}.nii.gz", mask)
    content = {
        "name": "Heart",
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "left", "2": "right"},
        "training": [{"image": f"./imagesTr/{n}.nii.gz", "label": f"./labelsTr/{n}.nii.gz"} for n in names],
        "test": [],
    }
    (folder / "dataset.json").write_text(json.dumps(content | changes))
    return folder


def write_labelled(folder: Path, count: int = 10, **columns: Sequence[object]) -> Path:
    """Write PNG images and ``cases.csv`` with their paths, a label (0 and 1 in turn) and further columns."""
    rows = []
    for n in range(count):
        write_png(folder / f"img/scan_{n}.png", picture(n))
        rows.append({"image": f"img/scan_{n}.png", "label": n % 2} | {k: v[n] for k, v in columns.items()})
    write_table(folder / "cases.csv", rows)
    return folder


def write_series(folder: Path, seed: int = 0, slices: int = 4, **tags: object) -> list[Path]:
    """Write a CT series of one file a slice, 16 x 16 at 1 x 1 x 2 mm, and return its files."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for n in range(slices):
        d = Dataset()
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID = CTImageStorage
        d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID = f"1.2.3.{seed}.{n + 1}"
        d.SeriesInstanceUID, d.StudyInstanceUID = f"1.2.3.{seed}", f"1.2.4.{seed}"
        d.FrameOfReferenceUID = f"1.2.5.{seed}"
        d.Modality, d.PatientID, d.PatientName = "CT", f"SECRET{seed}", "Canary^Carla"
        d.Rows = d.Columns = 16
        d.PixelSpacing, d.SliceThickness = [1, 1], 2
        d.ImageOrientationPatient, d.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2 * n]
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
        d.BitsAllocated = d.BitsStored = 16
        d.HighBit, d.PixelRepresentation = 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, -1000
        for name, value in tags.items():
            setattr(d, name, value)
        d.PixelData = picture(100 * seed + n, (16, 16), np.int16).tobytes()
        path = folder / f"{seed}_{n}.dcm"
        d.save_as(path, enforce_file_format=True)
        files.append(path)
    return files


def codes(dataset: object) -> set[str]:
    """Return the codes of a data set's problems."""
    return {p.code for p in dataset.problems}  # type: ignore[attr-defined]


def write_films(folder: Path, count: int = 24, *, size: int = 16, kind: str = ".nii.gz") -> Path:
    """Write films of rings that contract and relax in turn, and ``cases.csv`` with the class and a patient."""
    from diascope.io import write_image
    from diascope.physics.motion import CLASSES, draw_beating_ring

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for n in range(count):
        film = draw_beating_ring(CLASSES[n % 2], size=size, rng=np.random.default_rng(n))
        name = f"film_{n:03d}{kind}"
        if kind == ".gif":
            write_gif(folder / name, film.array, round((film.clip.step_s or 0) * 1000) if film.clip else 0)
        else:
            write_image(folder / name, film)
        rows.append({"image": name, "motion": CLASSES[n % 2], "patient": f"p{n // 2}"})
    write_table(folder / "cases.csv", rows)
    return folder


def write_labelled_films(folder: Path, count: int = 10, *, size: int = 24, kind: str = ".nii.gz") -> Path:
    """Write films of moving discs into ``images`` and a label map for each frame into ``masks``."""
    from diascope.io import write_image
    from diascope.physics.motion import draw_moving_disc

    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for n in range(count):
        film, labels = draw_moving_disc(size=size, rng=np.random.default_rng(n), noise=1.0)
        for part, image in (("images", film), ("masks", labels)):
            path = folder / part / f"film_{n:02d}{kind}"
            if kind == ".gif":
                write_gif(path, image.array, 100)
            else:
                write_image(path, image)
    return folder


def write_gif(path: Path, frames: NDArray, shown_ms: int | list[int]) -> Path:
    """Write a GIF of grey frames ``(T, rows, columns)`` and return its path."""
    from PIL import Image

    first, *rest = [Image.fromarray(f) for f in frames]
    first.save(path, save_all=True, append_images=rest, duration=shown_ms, disposal=1)
    return path
